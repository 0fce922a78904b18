"""Who may use a folder or a connection."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms

from connections import sharing
from connections.models import Grant
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
# On what lies in a shared folder; grants only add, so what is inherited stays.
_LABELS_BELOW: Final = {
    "tenant": {
        ALL: "All Organizations and their Workspaces",
        SOME: "Inherited permissions + specific organizations and workspaces",
        NONE: "Inherited permissions",
    },
    "org": {
        ALL: "All Workspaces",
        SOME: "Inherited permissions + specific workspaces",
        NONE: "Inherited permissions",
    },
}


@dataclass(slots=True)
class PlaceRow:
    """A place that the node can be shared with; ``inherited`` names the folder from which it has the node already."""

    place: Organization | Workspace
    is_checked: bool
    inherited: str = ""
    workspaces: list["PlaceRow"] = field(default_factory=list)


class PermissionsForm(forms.Form):
    """The three choices of the scope's level; ``seen`` is what the page showed, so that nothing is lost unseen."""

    choice = forms.ChoiceField(label="Permissions", widget=forms.RadioSelect)
    organizations = forms.ModelMultipleChoiceField(Organization.objects.none(), required=False)
    workspaces = forms.ModelMultipleChoiceField(Workspace.objects.none(), required=False)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, scope: Scope, own: Sequence[Grant], inherited: Sequence[Grant], data: Any = None) -> None:
        self.scope, self.own, self.inherited = scope, own, inherited
        self.labels = (_LABELS_BELOW if inherited else _LABELS)[scope.level]
        super().__init__(data, initial=self._stored(), label_suffix="")
        sentence = f"Select who may use it: {', '.join(self.labels.values())}."
        self._choices("choice").choices = list(self.labels.items())
        self._choices("choice").error_messages = {"required": sentence, "invalid_choice": sentence}
        outside = f"This belongs to {scope} and can only be shared within it. Select from the list."
        for name in ("organizations", "workspaces"):
            self._choices(name).error_messages |= dict.fromkeys(("invalid_choice", "invalid_pk_value"), outside)
        workspaces = Workspace.objects.filter(tenant=scope.tenant).select_related("organization")
        if scope.organization:
            workspaces = workspaces.filter(organization=scope.organization)
            del self.fields["organizations"]
        else:
            self._choices("organizations").queryset = Organization.objects.filter(tenant=scope.tenant).order_by(
                "handle"
            )
        self._choices("workspaces").queryset = workspaces.order_by("organization__handle", "handle")

    def _choices(self, name: str) -> Any:
        return self.fields[name]

    def _stored(self) -> dict[str, Any]:
        workspaces = [grant.workspace_id for grant in self.own if grant.workspace_id]
        organizations = [
            grant.organization_id for grant in self.own if grant.organization_id and not grant.workspace_id
        ]
        is_all = self.scope in [sharing.audience_of(grant) for grant in self.own]
        return {
            "choice": ALL if is_all else SOME if self.own else NONE,
            "organizations": [] if self.scope.organization else organizations,
            "workspaces": workspaces,
            "seen": sharing.fingerprint(self.own),
        }

    def clean(self) -> None:
        """Refuse "specific" with nothing selected."""
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

    def rows(self) -> Iterable[PlaceRow]:
        """Give the organizations with their workspaces, as the page lists them."""
        rows: dict[int, PlaceRow] = {}
        if "organizations" in self.fields:
            chosen = self._chosen("organizations")
            for organization in self._choices("organizations").queryset:
                is_checked = str(organization.pk) in chosen
                rows[organization.pk] = PlaceRow(organization, is_checked, self._origin(organization.pk, None))
        chosen = self._chosen("workspaces")
        for workspace in self._choices("workspaces").queryset:
            organization_id = workspace.organization_id
            row = rows.setdefault(organization_id, PlaceRow(workspace.organization, is_checked=False))
            origin = self._origin(organization_id, workspace.pk)
            row.workspaces.append(PlaceRow(workspace, str(workspace.pk) in chosen, origin))
        return rows.values()

    def _chosen(self, name: str) -> set[str]:
        return {str(value) for value in (self[name].value() or ())}

    def _origin(self, organization_id: int, workspace_id: int | None) -> str:
        for grant in self.inherited:
            if grant.organization_id in (None, organization_id) and grant.workspace_id in (None, workspace_id):
                return grant.folder.shown if grant.folder else ""
        return ""
