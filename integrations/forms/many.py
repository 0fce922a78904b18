"""What is to be done to many folders and connections at once."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from connections.forms.audience import ALL, LABELS, NONE, SOME, AudienceForm, helps_for
from connections.sharing import How
from integrations.access.connection_options import OptionsChange
from integrations.connection_options import OPTIONS
from integrations.forms.connection_options import OptionsForm
from integrations.models.settings import default_options
from workspaces.access import Scope
from workspaces.models import Workspace

_HOW: Final = {
    How.ADD: "Share with these too",
    How.REMOVE: "Stop sharing with these",
    How.SET: "Share with exactly these",
}
MOST_GRANTS: Final = 20_000
KEEP, SET, RESET = "keep", "set", "reset"
_DO: Final = ((KEEP, "Leave as it is"), (SET, "Set to"), (RESET, "Reset to inherited"))


class ManyPermissionsForm(AudienceForm):
    """With whom to share, and whether that is added, taken away, or all."""

    how = forms.ChoiceField(
        label="What to do",
        choices=[(how.value, words) for how, words in _HOW.items()],
        initial=How.ADD.value,
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), f"Choose one of: {', '.join(_HOW.values())}."),
    )

    def __init__(self, scope: Scope, data: Any = None, *, number: int) -> None:
        super().__init__(data, label_suffix="")
        self.number = number
        labels = LABELS[scope.level]
        none = "Nobody may use them by what is granted on them; what folders above them give stays."
        helps = helps_for(scope, some="What you select here", none=none)
        self.offer(scope, labels=labels, helps=helps, sentence=f"Select with whom: {', '.join(labels.values())}.")

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("choice") == NONE and self.cleaned_data.get("how") in (How.ADD, How.REMOVE):
            offered = ", ".join(self.labels[one] for one in (ALL, SOME))
            self.add_error("choice", f"Select with whom: {offered}. No Permissions goes with “{_HOW[How.SET]}”.")
        if not self.errors and self.cleaned_data["how"] != How.REMOVE and self._grants() > MOST_GRANTS:
            self.add_error(
                "choice",
                f"These would be {self._grants():,} permissions, and {MOST_GRANTS:,} at once is the most. Select"
                f" {self.labels[ALL]}, or share a folder that holds them, or do it in parts.",
            )

    def _grants(self) -> int:
        return self.number * len(self.audiences())

    @property
    def how_words(self) -> str:
        return _HOW[How(self.cleaned_data["how"])]


class WorkspaceForm(forms.Form):
    """The workspace whose schema is meant."""

    workspace = forms.ModelChoiceField(
        Workspace.objects.none(),
        label="Workspace",
        empty_label="Choose a workspace",
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose a workspace from the list."),
    )

    def __init__(self, scope: Scope, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        found = Workspace.objects.filter(tenant=scope.tenant).select_related("organization")
        if scope.organization:
            found = found.filter(organization=scope.organization)
        field: Any = self.fields["workspace"]
        field.queryset = found.order_by("organization__handle", "handle")
        field.label_from_instance = lambda one: f"{one.organization}/{one}"


class ManyOptionsForm(OptionsForm):
    """The options, each to be left as it is, set, or taken back."""

    def __init__(self, data: Any = None, *, partition: str) -> None:
        super().__init__(default_options(), data, partition=partition)
        for name, option in OPTIONS.items():
            field = forms.ChoiceField(label=f"{option.label}: what to do", choices=_DO, initial=KEEP)
            self.fields[f"do_{name}"] = field

    def full_clean(self) -> None:
        """Look at what is to be set alone: whatever stands in the other fields is not meant."""
        super().full_clean()
        if not self.is_bound or not hasattr(self, "cleaned_data"):
            return
        errors: Any = self.errors
        for name in OPTIONS:
            if self.data.get(f"do_{name}") != SET:
                for field in ("all_regions", "regions", "region_patterns") if name == "regions" else (name,):
                    errors.pop(field, None)
        if not errors and self.change == OptionsChange():
            self.add_error(None, "Set or reset at least one option.")

    @property
    def change(self) -> OptionsChange:
        asked = {name: self.cleaned_data.get(f"do_{name}") for name in OPTIONS}
        wanted: Mapping[str, Any] = self.wanted
        values = {name: wanted[name] for name, do in asked.items() if do == SET}
        return OptionsChange(values, tuple(name for name, do in asked.items() if do == RESET))

    @property
    def words(self) -> list[str]:
        """Say what is to be done, an option a sentence."""
        change = self.change
        said = [f"{OPTIONS[name].label}: {OPTIONS[name].words(value)}." for name, value in change.values.items()]
        return said + [f"{OPTIONS[name].label}: inherited again." for name in change.reset]

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """The choice of what to do with each option, and its field; the regions have several."""
        return [(self[f"do_{name}"], None if name == "regions" else self[name]) for name in OPTIONS]
