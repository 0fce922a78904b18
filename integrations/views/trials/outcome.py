"""What a trial has found, as pages show it: what would change in the tree and in workspaces."""

from dataclasses import astuple
from typing import Final

from django.http import HttpRequest

from integrations.planning import words
from integrations.trials import settings_trial
from integrations.views.sync.diff import group_changes
from integrations.views.workspace_impact import workspace_lines

# Why a trial was not saved.
WHY_NOT_SAVED: Final[dict[type[Exception], str]] = {
    settings_trial.UnseenProspectError: (
        "What saving would change is different by now. Look at it again below; nothing was saved."
    ),
    settings_trial.SyncUnderWayError: (
        "A sync of this integration is running, and only one of the two can write. Save again when it is done."
    ),
}


def prospect_context(request: HttpRequest, ahead: settings_trial.Prospect) -> dict[str, object]:
    """Give what the template of changes needs, and what saving them has to send back."""
    removals = [change.after for change in ahead.changes if change.kind == "remove"]
    return {
        "groups": group_changes(
            (astuple(change) for change in ahead.changes),
            kind=request.GET.get("kind", ""),
            page=request.GET.get("page", "1"),
        ),
        "is_one_kind": "kind" in request.GET,
        "workspaces": workspace_lines(ahead.impacts),
        "seen": ahead.fingerprint,
        "removed": len(removals),
        "reasons": words.reasons(removals),
    }
