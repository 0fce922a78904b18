"""Trials that a program has asked for: nobody looks at them, so they are saved when they are read.

What would remove more than the deletion limit, and what leads to another AWS organization, waits as it would for a
sync: somebody looks at it in the console, and saves or discards it.
"""

from datetime import datetime
from typing import Final

from connections.errors import ChangedMeanwhileError
from integrations.jobs import slots
from integrations.jobs.sending import Task, send_on_commit
from integrations.models import Integration, SettingsTrial
from integrations.trials import settings_trial
from workspaces import isolation
from workspaces.access import Access
from workspaces.database import at_most_one
from workspaces.delegation.verbs import Verb
from workspaces.models import Membership

_WAITS: Final = "Nothing was changed; look at it on Config and save or discard it."
_OTHER: Final = "These settings lead to another AWS organization, so all that is mirrored now would go."
_NOT_ALLOWED: Final = "Who has sent these settings may not change the integration any more, so nothing was saved."
_State = SettingsTrial.State


def save_when_read(tenant_id: int, integration_id: int, *, now: datetime) -> None:
    """Save the trial of an integration, if a program has asked for one and it is read.

    While a sync runs it waits; the end of that sync calls this again. What is not as it was read, and what lost its
    worker, is read again.
    """
    with isolation.as_tenant(tenant_id):
        trials = SettingsTrial.objects.select_related("created_by")
        trial = at_most_one(trials.filter(integration=integration_id, is_unattended=True, error=""))
        found = Integration.objects.select_related("tenant", "organization").filter(pk=integration_id)
        integration = at_most_one(found.filter(state=Integration.State.ACTIVE))
        if trial is None or integration is None:
            return
        if is_lost(trial, now=now):
            _read_again(trial, now)
        elif trial.state == _State.READY:
            _save(trial, integration, now)


def is_lost(trial: SettingsTrial, *, now: datetime) -> bool:
    """Whether a trial that runs has lost its worker."""
    return trial.state == _State.RUNNING and trial.progressed_at < now - slots.PATIENCE


def _read_again(trial: SettingsTrial, now: datetime) -> None:
    """Have it read as if it were asked for now."""
    again = {"state": _State.QUEUED, "snapshot": b"", "created_at": now, "progressed_at": now}
    SettingsTrial.objects.filter(pk=trial.pk).update(**again)
    send_on_commit(Task.SETTINGS_TRIAL, trial.tenant_id, trial.pk, otherwise=lambda: None)


def _save(trial: SettingsTrial, integration: Integration, now: datetime) -> None:
    this = SettingsTrial.objects.filter(pk=trial.pk)
    roles = Membership.objects.filter(user=trial.created_by, tenant=integration.tenant)
    access = Access(trial.created_by, integration.scope, tuple(roles))
    if not trial.created_by.is_active or not access.can(Verb.CONFIGURE_INTEGRATION, integration):
        this.update(state=_State.FAILED, error=_NOT_ALLOWED)
        return
    this.update(selection=integration.selection)  # somebody may have chosen other accounts since
    trial.selection = integration.selection
    outcome = settings_trial.outcome_of(trial, integration)
    if why := _why_it_asks(outcome, integration):
        this.update(error=f"{why} {_WAITS}")
        return
    version, seen = str(integration.version), outcome.fingerprint
    try:
        settings_trial.save(integration=integration, version=version, seen=seen, by=trial.created_by, now=now)
    except settings_trial.SyncUnderWayError:
        pass  # its end calls again
    except (settings_trial.StaleReadError, settings_trial.UnseenOutcomeError):
        _read_again(trial, now)
    except (settings_trial.TrialGoneError, ChangedMeanwhileError):
        pass  # saved, discarded, or changed by a person at this moment: the next sync looks again


def _why_it_asks(outcome: settings_trial.TrialOutcome, integration: Integration) -> str:
    if integration.source_organization_id not in ("", outcome.snapshot.organization_id):
        return _OTHER
    return outcome.why_over(integration)
