"""Step 5: Permissions."""

from typing import Any, Final

from django import forms

from integrations.forms.step import StepForm
from integrations.models import Draft
from workspaces.access import Scope
from workspaces.models import Organization, Workspace

ALL: Final = "all"
SOME: Final = "some"
NONE: Final = "none"
_LABELS: Final = {
    "tenant": {
        ALL: "All Organizations and their Workspaces",
        SOME: "Specific Organizations and Workspaces",
        NONE: "No Permissions",
    },
    "org": {ALL: "All Workspaces", SOME: "Specific Workspaces", NONE: "No Permissions"},
}


class PermissionsForm(StepForm):
    """Who may use the root folder, and with it everything that is discovered."""

    choice = forms.ChoiceField(label="Permissions", widget=forms.RadioSelect)
    organizations = forms.ModelMultipleChoiceField(Organization.objects.none(), required=False)
    workspaces = forms.ModelMultipleChoiceField(Workspace.objects.none(), required=False)

    def __init__(self, draft: Draft, data: Any = None) -> None:
        super().__init__(draft, data)
        scope = draft.scope
        self.labels = _LABELS[scope.level]
        choice, organizations, workspaces = (self.fields[name] for name in ("choice", "organizations", "workspaces"))
        choice.choices = list(self.labels.items())  # type: ignore[attr-defined]
        sentence = "Select who may use what this integration discovers."
        choice.error_messages = {"required": sentence, "invalid_choice": sentence}
        for field in (organizations, workspaces):
            field.error_messages |= dict.fromkeys(
                ("invalid_choice", "invalid_pk_value"), f"This can only be shared within {scope}. Select from the list."
            )
        all_workspaces = Workspace.objects.filter(tenant=scope.tenant).select_related("organization")
        if scope.organization:
            workspaces.queryset = all_workspaces.filter(organization=scope.organization).order_by("handle")  # type: ignore[attr-defined]
            del self.fields["organizations"]
        else:
            workspaces.queryset = all_workspaces.order_by("organization__handle", "handle")  # type: ignore[attr-defined]
            organizations.queryset = Organization.objects.filter(tenant=scope.tenant).order_by("handle")  # type: ignore[attr-defined]

    def stored(self, draft: Draft) -> dict[str, Any]:
        """Give what was chosen before."""
        return dict(draft.permissions)

    def clean(self) -> None:
        """Refuse "specific" with nothing selected."""
        values = self.cleaned_data
        is_readable = all(name in values for name in self.fields)
        if is_readable and values["choice"] == SOME and not (values.get("organizations") or values["workspaces"]):
            self.add_error("choice", f"Select at least one of them, or {self.labels[NONE]}.")

    def keep(self) -> None:
        """Keep the choice, so that going back loses nothing."""
        values = self.cleaned_data
        kept: dict[str, Any] = {
            name: [place.pk for place in values[name]] for name in ("organizations", "workspaces") if name in values
        }
        if "choice" in values:
            kept["choice"] = values["choice"]
        self.draft.permissions = {**self.draft.permissions, **kept}

    def audiences(self) -> list[Scope]:
        """Give what the choice means; a workspace of a selected organization is covered already."""
        scope, values = self.draft.scope, self.cleaned_data
        if values["choice"] == ALL:
            return [scope]
        if values["choice"] == NONE:
            return []
        organizations = list(values.get("organizations", ()))
        others = [workspace for workspace in values["workspaces"] if workspace.organization not in organizations]
        return [
            *(Scope(scope.tenant, organization) for organization in organizations),
            *(Scope(scope.tenant, workspace.organization, workspace) for workspace in others),
        ]

    def tree(self) -> list[dict[str, Any]]:
        """Give the organizations with their workspaces, as the page lists them, with what is checked."""
        chosen_organizations, chosen_workspaces = self._chosen("organizations"), self._chosen("workspaces")
        rows: dict[int, dict[str, Any]] = {}
        if "organizations" in self.fields:
            for organization in self.fields["organizations"].queryset:  # type: ignore[attr-defined]
                is_checked = str(organization.pk) in chosen_organizations
                rows[organization.pk] = {"place": organization, "is_checked": is_checked, "workspaces": []}
        for workspace in self.fields["workspaces"].queryset:  # type: ignore[attr-defined]
            row = rows.setdefault(workspace.organization_id, {"place": workspace.organization, "workspaces": []})
            row["workspaces"].append({"place": workspace, "is_checked": str(workspace.pk) in chosen_workspaces})
        return list(rows.values())

    def _chosen(self, name: str) -> set[str]:
        return {str(value) for value in (self[name].value() or ())} if name in self.fields else set()
