"""The preview of a sync: what it would change now. Nothing is changed by looking."""

from typing import Final

from django.utils import timezone
from pydantic import Field

from integrations.api import shapes
from integrations.api.finding import find_integration
from integrations.api.shapes import ChangeShape, ProcessShape
from integrations.api.trials.finding import find_trial, outcome_of, ready_outcome, trial_understood
from integrations.api.trials.shapes import TrialShape, changes_of, trial_fields, trial_id
from integrations.delegation import SYNCERS, trigger
from integrations.models import Integration, SettingsTrial, SyncRun
from integrations.trials import preview, settings_trial
from workspaces.access import Power
from workspaces.api.bodies import Body
from workspaces.api.paging import Page
from workspaces.api.problems import ProblemError
from workspaces.api.routes import ORG, TENANT, Call, Routes

routes = Routes("Preview")
_BOTH: Final = (TENANT, ORG)
_ABOUT: Final = SettingsTrial.About.PREVIEW
_MOST_CHANGES: Final = 10_000
_OTHER: Final = "There is another preview by now, or none any more. Look at what a sync would change now first."


class PreviewShape(TrialShape):
    """A preview; ``why_it_would_ask`` is there where a scheduled sync would stop and wait for approval."""

    why_it_would_ask: str | None = None


class PreviewedSync(Body):
    preview: str = Field(default="", description="The id of the preview that was looked at")


@routes.post("/integration/{integration}/preview", gives=PreviewShape, at=_BOTH, delegates=SYNCERS)
def start_preview(call: Call, integration: str) -> PreviewShape:
    """Read the AWS organization in the background, to see what a sync would change; one that reads is followed."""
    found = find_integration(call, integration)
    with trial_understood(call):
        preview.start(integration=found, by=call.user, now=timezone.now())
    return _shape(call, found)


@routes.get("/integration/{integration}/preview", gives=PreviewShape, at=_BOTH, needs=Power.OWNER, delegates=SYNCERS)
def get_preview(call: Call, integration: str) -> PreviewShape:
    """Get how far a preview is, and what a sync would change once it has been read."""
    return _shape(call, find_integration(call, integration))


@routes.delete("/integration/{integration}/preview", gives=PreviewShape, at=_BOTH, delegates=SYNCERS)
def discard_preview(call: Call, integration: str) -> PreviewShape:
    """Close a preview; nothing was changed by it."""
    found = find_integration(call, integration)
    shape = _shape(call, found)
    settings_trial.discard(integration=found, about=_ABOUT, by=call.user)
    return shape


@routes.get(
    "/integration/{integration}/preview/change", gives=Page[ChangeShape], at=_BOTH, needs=Power.OWNER, delegates=SYNCERS
)
def list_previewed_changes(call: Call, integration: str) -> Page[ChangeShape]:
    """List what a sync would change now; all at once, up to ten thousand."""
    found = find_integration(call, integration)
    outcome = ready_outcome(_find(found), found)
    return Page(items=changes_of(outcome)[:_MOST_CHANGES])


@routes.post("/integration/{integration}/preview/sync", gives=ProcessShape, at=_BOTH, delegates=SYNCERS)
def sync_previewed(call: Call, integration: str, body: PreviewedSync | None = None) -> ProcessShape:
    """Start the sync that a preview has shown; what that has read is not read again unless something has happened."""
    found = find_integration(call, integration)
    trial = _find(found)
    if body and body.preview and body.preview != trial_id(trial):
        raise ProblemError(409, _OTHER)
    with trial_understood(call):
        run = preview.sync(
            integration=found,
            shown=str(trial.pk),
            by=call.user,
            now=timezone.now(),
            trigger=trigger(call.access, found),
        )
    return shapes.process_shape(shapes.processes(SyncRun.objects.filter(pk=run.pk)).get(), call.tenant)


def _find(integration: Integration) -> SettingsTrial:
    return find_trial(integration, _ABOUT, preview.GONE)


def _shape(call: Call, integration: Integration) -> PreviewShape:
    trial = _find(integration)
    outcome = outcome_of(trial, integration)
    asks = preview.why_it_would_ask(outcome, integration) if outcome else ""
    return PreviewShape(**trial_fields(trial, outcome, call.access), why_it_would_ask=asks or None)
