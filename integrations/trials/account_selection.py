"""Choosing which accounts an integration mirrors: read anew, ticked, looked at, then saved with all that it changes.

The choice is made on a trial, as other credentials are tried on one: until it is saved nothing else knows of it. Each
function is one transaction.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from integrations import edit_conflicts, retention
from integrations.models import Integration, SettingsTrial, SyncRun
from integrations.planning.selection import exactly
from integrations.planning.selection_tree import Outline, Verb, in_words
from integrations.planning.snapshot import unpack
from integrations.trials import settings_trial
from integrations.trials.why_not_saved import WHY_NOT_SAVED as _WHATEVER_IT_IS_ABOUT
from workspaces import audit
from workspaces.database import at_most_one
from workspaces.models import User
from workspaces.wording.durations import duration_in_words
from workspaces.wording.names import isolated

_SELECTION: Final = SettingsTrial.About.SELECTION
GONE: Final = (
    f"There is no choice of accounts to save: it was saved or discarded, or {duration_in_words(retention.TRIAL)}"
    " has passed since."
)
WHY_NOT_SAVED: Final[dict[type[Exception], str]] = _WHATEVER_IT_IS_ABOUT | {
    settings_trial.TrialGoneError: GONE,
    settings_trial.StaleReadError: "A sync has seen a newer state of AWS than what is shown here. Press Read again,"
    " then save; nothing was saved.",
}


class UnknownIdError(Exception):
    """Something was to be chosen that is not in the AWS organization; the text says what."""


@transaction.atomic
def start(*, integration: Integration, version: str, by: User, now: datetime) -> SettingsTrial:
    """Read the AWS organization in the background, to choose from it; a choice that somebody has begun is gone on with.

    Raises ChangedMeanwhileError when somebody changed the integration since the page was made, OtherTrialError while
    other Discovery Settings are tried.
    """
    current = edit_conflicts.lock(integration, version=version)
    begun = settings_trial.find(current, now=now)
    if begun is not None and begun.state != SettingsTrial.State.FAILED:
        if begun.about == _SELECTION:
            return begun
        if begun.about != SettingsTrial.About.PREVIEW:
            raise settings_trial.OtherTrialError(
                f"{isolated(begun.created_by)} is trying new Discovery Settings, which are not saved yet. Save or"
                " discard those first."
            )
    trial = settings_trial.begin(current, current, about=_SELECTION, by=by)
    audit.record("integration.selection_begun", scope=current.scope, by=by, target=current)
    return trial


@transaction.atomic
def read_again(*, integration: Integration, by: User, now: datetime) -> None:
    """Read anew what to choose from, and keep what was chosen so far."""
    current = edit_conflicts.lock(integration)
    trial = at_most_one(SettingsTrial.objects.select_for_update().filter(integration=current, about=_SELECTION))
    shown = settings_trial.find(current, now=now)  # here one whose worker died is over
    if trial is not None and shown is not None and shown.is_over:
        wanted = Integration.objects.select_related("tenant", "organization").get(pk=current.pk)
        wanted.selection = trial.selection
        settings_trial.begin(current, wanted, about=_SELECTION, by=by)


def outline(integration: Integration, *, now: datetime) -> Outline:
    """Give what there is to choose from, and what is chosen so far. Raises TrialGoneError."""
    return _outline(SettingsTrial.objects.filter(integration=integration), now)


@transaction.atomic
def choose(*, integration: Integration, verb: Verb, source_id: str, now: datetime) -> Outline:
    """Tick or untick something, for all who look at the trial; nothing is changed by it yet. Raises TrialGoneError."""
    trials_of_it = SettingsTrial.objects.filter(integration=integration)
    after = _outline(trials_of_it.select_for_update(), now).after(verb, source_id)
    trials_of_it.update(selection=after.selection.stored)
    return after


@transaction.atomic
def choose_exactly(
    *, integration: Integration, include: Collection[str], exclude: Collection[str], now: datetime
) -> Outline:
    """Choose these and leave those out, for all who look at the trial; raises as ``choose`` does, and UnknownIdError.

    An id that is not in AWS any more may stay where it was chosen before.
    """
    trials_of_it = SettingsTrial.objects.filter(integration=integration)
    before = _outline(trials_of_it.select_for_update(), now)
    if strange := {*include, *exclude} - before.ids - before.selection.marks.keys():
        raise UnknownIdError(f"There is no OU and no account with the id {min(strange)[:50]} in the AWS organization.")
    after = exactly(before.snapshot, include, exclude)
    trials_of_it.update(selection=after.stored)
    return Outline(before.snapshot, after)


def _outline(found: QuerySet[SettingsTrial], now: datetime) -> Outline:
    ready = SettingsTrial.State.READY
    trial = at_most_one(found.filter(about=_SELECTION, state=ready, expires_at__gt=now))
    if trial is None:
        raise settings_trial.TrialGoneError
    return Outline(unpack(bytes(trial.snapshot)), trial.chosen)


@transaction.atomic
def save(
    *, integration: Integration, version: str, seen: str, by: User, now: datetime, why_held: str = ""
) -> Integration:
    """Save what was chosen and apply it, in one transaction.

    What it leaves out is removed because a person chose so, whatever the deletion limit, unless they are held to it.
    Raises as ``settings_trial.save`` does; nothing is changed then.
    """
    current, trial, outcome = settings_trial.apply(
        integration=integration, version=version, about=_SELECTION, seen=seen, now=now, why_held=why_held
    )
    chosen = Outline(outcome.snapshot, outcome.selection)
    before = in_words(current.chosen, current.known_selection)
    current.selection, current.selection_facts = outcome.selection.stored, chosen.facts.to_json()
    current.save(update_fields=["selection", "selection_facts"])
    counts = settings_trial.end(current, trial, outcome, trigger=SyncRun.Trigger.SELECTION, by=by, now=now)
    audit.record(
        "integration.selection_changed",
        scope=current.scope,
        by=by,
        target=current,
        before={"accounts_to_mirror": before},
        after={"accounts_to_mirror": chosen.words},
        changes=counts,
    )
    return current
