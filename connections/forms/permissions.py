"""Who may use a folder or a connection."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from connections import sharing
from connections.forms.audience import ALL, LABELS, NONE, SOME, AudienceForm, helps_for
from connections.models import Grant
from workspaces.access import Scope

# On what lies in a shared folder; grants only add, so what is inherited stays.
_LABELS_BELOW: Final = {
    "tenant": {
        ALL: "All Organizations and their Workspaces",
        SOME: "Inherited permissions + specific organizations and workspaces",
        NONE: "Inherited permissions",
    },
    "org": {ALL: "All Workspaces", SOME: "Inherited permissions + specific workspaces", NONE: "Inherited permissions"},
}


class PermissionsForm(AudienceForm):
    """The choices for a node; ``seen`` is what the page showed, so that nothing is lost unseen."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, scope: Scope, own: Sequence[Grant], inherited: Sequence[Grant], data: Any = None) -> None:
        self.inherited = inherited
        super().__init__(data, initial=_stored(scope, own), label_suffix="")
        labels = (_LABELS_BELOW if inherited else LABELS)[scope.level]
        sentence = f"Select who may use it: {', '.join(labels.values())}."
        self.offer(scope, labels=labels, helps=_helps(scope, inherited), sentence=sentence)

    def origin(self, organization_id: int, workspace_id: int | None) -> str:
        for grant in self.inherited:
            if grant.organization_id in (None, organization_id) and grant.workspace_id in (None, workspace_id):
                return grant.folder.shown if grant.folder else ""
        return ""


def _stored(scope: Scope, own: Sequence[Grant]) -> dict[str, Any]:
    organizations = [grant.organization_id for grant in own if grant.organization_id and not grant.workspace_id]
    is_all = scope in [sharing.audience_of(grant) for grant in own]
    return {
        "choice": ALL if is_all else SOME if own else NONE,
        "organizations": [] if scope.organization else organizations,
        "workspaces": [grant.workspace_id for grant in own if grant.workspace_id],
        "seen": sharing.fingerprint(own),
    }


def _helps(scope: Scope, inherited: Sequence[Grant]) -> dict[str, str]:
    what = "the workspaces that you select here" if scope.organization else "what you select here"
    if inherited:
        return helps_for(scope, some=f"What is inherited, and {what}", none="Only what the folders above it give.")
    nobody = "Nobody may use it, unless a folder or connection below it is shared by itself."
    return helps_for(scope, some=what[0].upper() + what[1:], none=nobody)
