"""Finding the trial of an integration that somebody looks at, and what it would change."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from integrations.api.finding import understood
from integrations.models import Integration, SettingsTrial
from integrations.sync import requests
from integrations.trials import settings_trial
from integrations.trials.settings_trial import TrialOutcome
from workspaces.api.problems import ProblemError
from workspaces.api.routes import Call


def find_trial(integration: Integration, about: SettingsTrial.About, gone: str) -> SettingsTrial:
    """Find the open trial that is about this; raises ProblemError, with the reason why there may be none."""
    trial = settings_trial.find(integration, now=timezone.now())
    if trial is None or trial.about != about:
        raise ProblemError(404, gone)
    return trial


def outcome_of(trial: SettingsTrial, integration: Integration) -> TrialOutcome | None:
    """Give what a trial would change; None while it is not ready."""
    if trial.state != SettingsTrial.State.READY:
        return None
    return settings_trial.outcome_of(trial, integration)


def ready_outcome(trial: SettingsTrial, integration: Integration) -> TrialOutcome:
    """Give what a trial would change; raises ProblemError while it is not ready."""
    outcome = outcome_of(trial, integration)
    if outcome is None:
        raise ProblemError(409, trial.error or "The AWS organization is still being read. Ask again in a moment.")
    return outcome


@contextmanager
def trial_understood(call: Call, why_not: dict[type[Exception], str] | None = None) -> Iterator[None]:
    """Say of what is refused about a trial what it means to a program; ``why_not`` has sentences for what has none."""
    try:
        with understood(call):
            yield
    except (settings_trial.OtherTrialError, requests.IntegrationGoneError) as error:
        raise ProblemError(409, str(error)) from None
    except tuple(why_not or ()) as error:
        raise ProblemError(409, (why_not or {})[type(error)]) from None
