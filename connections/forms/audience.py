"""Who is to use something: everybody of its scope, some places, or nobody."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms

from workspaces.access import Scope
from workspaces.models import Organization, Workspace

ALL: Final = "all"
SOME: Final = "some"
NONE: Final = "none"

LABELS: Final = {
    "tenant": {
        ALL: "All Organizations and their Workspaces",
        SOME: "Specific Organizations and Workspaces",
        NONE: "No Permissions",
    },
    "org": {ALL: "All Workspaces", SOME: "Specific Workspaces", NONE: "No Permissions"},
}


@dataclass(slots=True)
class PlaceRow:
    """A place that can be selected; ``inherited`` names the folder from which it has the node already."""

    place: Organization | Workspace
    is_checked: bool
    inherited: str = ""
    workspaces: list["PlaceRow"] = field(default_factory=list)


class AudienceForm(forms.Form):
    """The three choices of a scope's level, and the places in it; ``offer`` says what these are."""

    choice = forms.ChoiceField(label="Permissions", widget=forms.RadioSelect)
    organizations = forms.ModelMultipleChoiceField(Organization.objects.none(), required=False)
    workspaces = forms.ModelMultipleChoiceField(Workspace.objects.none(), required=False)
    scope: Scope
    labels: Mapping[str, str]
    helps: Mapping[str, str]

    def offer(self, scope: Scope, *, labels: Mapping[str, str], helps: Mapping[str, str], sentence: str) -> None:
        """Offer these choices and the places of the scope; ``sentence`` is for when none of them is chosen."""
        self.scope, self.labels, self.helps = scope, labels, helps
        self._field("choice").choices = list(labels.items())
        self._field("choice").error_messages = {"required": sentence, "invalid_choice": sentence}
        outside = f"This belongs to {scope} and can only be shared within it. Select from the list."
        for name in ("organizations", "workspaces"):
            self._field(name).error_messages |= dict.fromkeys(("invalid_choice", "invalid_pk_value"), outside)
        workspaces = Workspace.objects.filter(tenant=scope.tenant).select_related("organization")
        if scope.organization:
            workspaces = workspaces.filter(organization=scope.organization)
            del self.fields["organizations"]
        else:
            self._field("organizations").queryset = Organization.objects.filter(tenant=scope.tenant).order_by("handle")
        self._field("workspaces").queryset = workspaces.order_by("organization__handle", "handle")

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def clean(self) -> None:
        values = self.cleaned_data
        is_readable = all(name in values for name in self.fields)
        if is_readable and values["choice"] == SOME and not (values.get("organizations") or values["workspaces"]):
            self.add_error("choice", f"Select at least one of them, or {self.labels[NONE]}.")

    def audiences(self) -> list[Scope]:
        """Give what the choice means; a workspace of a selected organization is covered already."""
        values, tenant = self.cleaned_data, self.scope.tenant
        if values["choice"] == ALL:
            return [self.scope]
        if values["choice"] == NONE:
            return []
        organizations = list(values.get("organizations", ()))
        others = [workspace for workspace in values["workspaces"] if workspace.organization not in organizations]
        return [
            *(Scope(tenant, organization) for organization in organizations),
            *(Scope(tenant, workspace.organization, workspace) for workspace in others),
        ]

    def choices(self) -> Iterator[tuple[Any, str]]:
        for choice in self["choice"]:
            yield choice, self.helps[choice.data["value"]]

    def rows(self) -> Iterable[PlaceRow]:
        """Give the organizations with their workspaces, as the page lists them."""
        rows: dict[int, PlaceRow] = {}
        if "organizations" in self.fields:
            chosen = self._chosen("organizations")
            for organization in self._field("organizations").queryset:
                is_checked = str(organization.pk) in chosen
                rows[organization.pk] = PlaceRow(organization, is_checked, self.origin(organization.pk, None))
        chosen = self._chosen("workspaces")
        for workspace in self._field("workspaces").queryset:
            organization_id = workspace.organization_id
            row = rows.setdefault(organization_id, PlaceRow(workspace.organization, is_checked=False))
            origin = self.origin(organization_id, workspace.pk)
            row.workspaces.append(PlaceRow(workspace, str(workspace.pk) in chosen, origin))
        return rows.values()

    def _chosen(self, name: str) -> set[str]:
        return {str(value) for value in (self[name].value() or ())}

    def origin(self, organization_id: int, workspace_id: int | None) -> str:
        """Name the folder from which a place has the node already; nothing is inherited unless a form says so."""
        return ""


def helps_for(scope: Scope, *, some: str, none: str) -> dict[str, str]:
    """Say what each choice means; what stands for all, and for an organization, is the same everywhere."""
    later = "also those that are created later"
    if scope.organization:
        return {ALL: f"All workspaces of {scope.organization}, {later}.", SOME: f"{some}.", NONE: none}
    return {
        ALL: f"All organizations of {scope.tenant} and all their workspaces, {later}.",
        SOME: f"{some}; an organization stands for all its workspaces, {later}.",
        NONE: none,
    }
