"""What a sync would change now: read as a sync reads, looked at, and never applied.

It is a trial of the very settings that are in use.
"""

from datetime import datetime
from typing import Final

from django.db import transaction

from integrations import edit_conflicts, retention
from integrations.access import known_snapshot
from integrations.models import Integration, SettingsTrial, SyncRun
from integrations.sync import requests
from integrations.trials import settings_trial
from integrations.trials.settings_trial import TrialOutcome
from workspaces import audit
from workspaces.database import at_most_one
from workspaces.models import User
from workspaces.wording.durations import duration_in_words
from workspaces.wording.names import isolated

GONE: Final = f"There is no preview any more: it was closed, or {duration_in_words(retention.TRIAL)} has passed since."


@transaction.atomic
def start(*, integration: Integration, by: User, now: datetime) -> SettingsTrial:
    """Read the AWS organization in the background, to compare it with the tree; a read under way is followed instead.

    Raises OtherTrialError while somebody tries other settings, and ChangedMeanwhileError when the integration was
    deleted or changed at this moment.
    """
    current = edit_conflicts.hold(integration, version=str(integration.version))
    open_trial = settings_trial.find(current, now=now)
    if open_trial is not None and open_trial.about != SettingsTrial.About.PREVIEW:
        if open_trial.state != SettingsTrial.State.FAILED:
            raise settings_trial.OtherTrialError(
                f"{isolated(open_trial.created_by)} is trying other settings of {current}, which would be lost. Save or"
                " discard them in its Config, then preview the sync."
            )
    elif open_trial is not None and not open_trial.is_over:
        return open_trial
    trial = settings_trial.begin(current, current, about=SettingsTrial.About.PREVIEW, by=by)
    audit.record("integration.sync_previewed", scope=current.scope, by=by, target=current)
    return trial


@transaction.atomic
def sync(
    *,
    integration: Integration,
    shown: str,
    by: User,
    now: datetime,
    trigger: SyncRun.Trigger = SyncRun.Trigger.MANUAL,
) -> SyncRun:
    """Start the sync that a preview has shown; ``shown`` is the key of that preview, as its page sends it.

    What the preview has read is not read again unless something has happened since. Raises IntegrationGoneError.
    """
    run = requests.request_sync(integration=integration, by=by, now=now, trigger=trigger)
    ready = SettingsTrial.objects.filter(integration=integration, about=SettingsTrial.About.PREVIEW, expires_at__gt=now)
    trial = at_most_one(ready.filter(state=SettingsTrial.State.READY).select_related("tenant"))
    if trial is not None and str(trial.pk) == shown and run.state == SyncRun.State.QUEUED:
        known_snapshot.keep_preview(trial, integration, run)
    return run


def why_it_would_ask(outcome: TrialOutcome, integration: Integration) -> str:
    """Say why a scheduled sync would have to be approved; empty when it would not."""
    return outcome.why_over(integration)
