"""Trials that a program has asked for: nobody looks at them, so they are saved when they are read.

What would remove more than the deletion limit waits as it would for a sync: somebody looks at it in the console, and
saves or discards it.
"""

from datetime import datetime, timedelta
from typing import Final

from integrations.models import Integration, SettingsTrial
from integrations.planning import deletion_limit
from integrations.trials import settings_trial
from workspaces import isolation

# How long a question is there to be answered, and how long a trial waits for a sync to end.
PATIENCE: Final = timedelta(days=7)
_WAITS: Final = "Nothing was changed; look at it on Config and save or discard it."
_CHANGED: Final = "Somebody else changed the integration meanwhile, so nothing was saved. Send the settings again."
_State = SettingsTrial.State


def save_when_read(tenant_id: int, integration_id: int, *, now: datetime) -> None:
    """Save the trial of an integration, if a program has asked for one and it is read.

    While a sync runs it waits; the end of that sync calls this again. What is not as it was read is read again.
    """
    with isolation.as_tenant(tenant_id):
        trials = SettingsTrial.objects.select_related("created_by")
        trial = trials.filter(integration=integration_id, is_unattended=True, state=_State.READY, error="").first()
        found = Integration.objects.select_related("tenant", "organization").filter(pk=integration_id)
        integration = found.filter(state=Integration.State.ACTIVE).first()
        if trial is not None and integration is not None:
            _save(trial, integration, now)


def _save(trial: SettingsTrial, integration: Integration, now: datetime) -> None:
    this = SettingsTrial.objects.filter(pk=trial.pk)
    if trial.base_version != integration.version:
        this.update(state=_State.FAILED, error=_CHANGED)
        return
    outcome = settings_trial.outcome_of(trial, integration)
    limits = {"percent": integration.deletion_limit_percent, "count": integration.deletion_limit_count}
    if why := deletion_limit.why_over(outcome.tree, outcome.plan, **limits):
        this.update(error=f"{why} {_WAITS}", expires_at=now + PATIENCE)
        return
    try:
        settings_trial.save(
            integration=integration,
            version=str(integration.version),
            seen=outcome.fingerprint,
            by=trial.created_by,
            now=now,
        )
    except settings_trial.SyncUnderWayError:
        this.update(expires_at=now + PATIENCE)
    except (settings_trial.StaleReadError, settings_trial.UnseenOutcomeError):
        this.update(state=_State.QUEUED, snapshot=b"", progressed_at=now)
    except settings_trial.TrialGoneError:
        pass  # saved or discarded at this moment
