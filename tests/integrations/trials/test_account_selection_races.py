"""A choice of accounts that two people save, or tick and save, at the same moment."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from connections.errors import ChangedMeanwhileError
from integrations.models import Integration, SettingsTrial, SyncRun
from integrations.trials import account_selection, settings_trial
from integrations.trials import run as trials_run
from tests.conftest import Cast, make_cast
from tests.integrations.conftest import QUICK, Synced
from tests.integrations.settings.test_races import alone
from tests.threads import meeting
from workspaces import isolation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The cast, committed."""
    return make_cast()


@pytest.fixture
def seen(in_use: Synced, cast: Cast) -> str:
    """What somebody saw who left the account Prod out, and has not saved it yet."""
    now = timezone.now()
    with isolation.as_tenant(cast.acme.pk):
        trial = account_selection.start(integration=in_use.integration, version="1", by=cast.org_owner, now=now)
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    return tick(in_use, cast, "Prod")


def tick(in_use: Synced, cast: Cast, name: str) -> str:
    source_id = in_use.aws.organization.find(name).id
    with isolation.as_tenant(cast.acme.pk):
        account_selection.choose(
            integration=in_use.integration, verb="exclude", source_id=source_id, now=timezone.now()
        )
        current = Integration.objects.select_related("tenant", "organization").get(pk=in_use.integration.pk)
        return settings_trial.outcome_of(SettingsTrial.objects.get(), current).fingerprint


def save(in_use: Synced, cast: Cast, seen: str) -> object:
    with isolation.as_tenant(cast.acme.pk):
        try:
            return account_selection.save(
                integration=in_use.integration, version="1", seen=seen, by=cast.org_owner, now=timezone.now()
            )
        except (settings_trial.UnseenOutcomeError, settings_trial.TrialGoneError) as error:
            return error


def together(cast: Cast, *work: Callable[[], object]) -> list[object]:
    """Do all of this at the same moment: each waits for what is chosen so far."""
    return meeting(SettingsTrial.objects.all(), *map(alone, work), tenant_id=cast.acme.pk)


def stored(in_use: Synced, cast: Cast) -> tuple[int, int]:
    """How many accounts are left out, and how many choices were saved."""
    with isolation.as_tenant(cast.acme.pk):
        excluded = Integration.objects.get(pk=in_use.integration.pk).selection["exclude"]
        return len(excluded), SyncRun.objects.filter(trigger="selection").count()


def test_of_two_who_save_at_once_one_does(in_use: Synced, cast: Cast, seen: str) -> None:
    results = together(cast, *[lambda: save(in_use, cast, seen)] * 2)
    assert sorted(type(result).__name__ for result in results) == ["ChangedMeanwhileError", "Integration"]
    assert any(isinstance(result, ChangedMeanwhileError) for result in results)
    assert stored(in_use, cast) == (1, 1)


def test_what_is_saved_is_what_was_seen_whoever_ticks_meanwhile(in_use: Synced, cast: Cast, seen: str) -> None:
    def tick_too() -> object:
        try:
            return tick(in_use, cast, "Dev")
        except (settings_trial.TrialGoneError, SettingsTrial.DoesNotExist) as error:
            return error

    saved, _ = together(cast, lambda: save(in_use, cast, seen), tick_too)
    assert stored(in_use, cast) == ((1, 1) if isinstance(saved, Integration) else (0, 0))
