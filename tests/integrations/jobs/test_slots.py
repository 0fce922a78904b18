"""Tests of access, trials and previews of one tenant take so many places and no more; what waits gets the next one."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations import tasks
from integrations.access_tests import request as access_tests_request
from integrations.access_tests import results
from integrations.access_tests import run as access_tests_run
from integrations.jobs import slots
from integrations.models import AccessTest, SettingsTrial
from integrations.trials import preview as trials_preview
from integrations.trials import run as trials_run
from integrations.trials import settings_trial
from pipes.celery import app
from tests import factories
from tests.conftest import Cast
from tests.integrations.conftest import QUICK, Synced
from workspaces import isolation

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def two_places(settings: Settings) -> None:
    """Let each tenant have two."""
    settings.PIPES_TESTS_PER_TENANT = 2


def ask(mirror: Synced, cast: Cast, handle: str) -> AccessTest:
    """Ask for *Test Discovery* of a draft of its own."""
    with isolation.as_tenant(cast.acme.pk):
        draft = factories.draft(cast.at_org, handle, by=cast.org_owner)
        draft.role_arn = mirror.aws.roles.create_discovery(draft.discovery_external_id, name=f"pipes-{handle}")
        draft.save()
        return access_tests_request.request_test(
            draft, AccessTest.Kind.DISCOVERY, by=cast.org_owner, now=timezone.now()
        )


def preview(mirror: Synced, cast: Cast) -> SettingsTrial:
    """Ask for a preview."""
    with isolation.as_tenant(cast.acme.pk):
        return trials_preview.start(integration=mirror.integration, by=cast.org_owner, now=timezone.now())


def take_places(cast: Cast, *, heard_of: timedelta = timedelta()) -> list[AccessTest]:
    """Let two tests be under way at other workers, of which something was heard so long ago."""
    with isolation.as_tenant(cast.acme.pk):
        drafts = [factories.draft(cast.at_org, handle, by=cast.org_owner) for handle in ("busy-1", "busy-2")]
        return [
            AccessTest.objects.create(
                tenant=cast.acme,
                subject=draft.uid,
                kind=AccessTest.Kind.DISCOVERY,
                state=AccessTest.State.RUNNING,
                progressed_at=timezone.now() - heard_of,
            )
            for draft in drafts
        ]


def end(test: AccessTest) -> None:
    """Let a test have ended."""
    with isolation.as_tenant(test.tenant_id):
        AccessTest.objects.filter(pk=test.pk).update(state=AccessTest.State.FAILED)


def state(of: AccessTest | SettingsTrial) -> str:
    """How it stands now."""
    with isolation.as_tenant(of.tenant_id):
        of.refresh_from_db(fields=["state"])
        return str(of.state)


def test_what_finds_no_place_waits_and_is_begun_when_there_is_one(mirror: Synced, cast: Cast) -> None:
    busy, _ = take_places(cast)
    test, trial = ask(mirror, cast, "draft"), preview(mirror, cast)
    assert not access_tests_run.run(cast.acme.pk, test.pk, retries=QUICK)
    assert not trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    assert (state(test), state(trial)) == ("queued", "queued")
    assert slots.next_in_turn(cast.acme.pk, now=timezone.now()) == []
    end(busy)
    assert slots.next_in_turn(cast.acme.pk, now=timezone.now()) == [("test", test.pk)]
    assert access_tests_run.run(cast.acme.pk, test.pk, retries=QUICK)
    assert trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    assert (state(test), state(trial)) == ("passed", "ready")


def test_other_tenants_have_places_of_their_own(mirror: Synced, cast: Cast) -> None:
    take_places(cast)
    with isolation.as_tenant(cast.globex.pk):
        assert slots.lock_slots(cast.globex.pk, now=timezone.now())


def test_whatever_ends_sends_for_all_that_waits_one_after_the_other(
    mirror: Synced, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    busy = take_places(cast)
    waiting = [ask(mirror, cast, f"draft-{number}") for number in range(4)]
    trial = preview(mirror, cast)
    for test in waiting:
        tasks.run_access_test(cast.acme.pk, test.pk)
    assert {state(test) for test in waiting} == {"queued"}
    end(busy[0])
    tasks.run_access_test(cast.acme.pk, waiting[3].pk)
    assert [state(test) for test in waiting] == ["passed"] * 4
    assert state(trial) == "ready"


def test_a_test_that_is_out_of_date_passes_its_place_on(
    mirror: Synced, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.conf, "task_always_eager", True)
    changed, waiting = ask(mirror, cast, "draft-1"), ask(mirror, cast, "draft-2")
    with isolation.as_tenant(cast.acme.pk):
        AccessTest.objects.filter(pk=changed.pk).update(fingerprint="of other settings")
    tasks.run_access_test(cast.acme.pk, changed.pk)
    assert (state(changed), state(waiting)) == ("failed", "passed")


def test_a_worker_that_was_killed_gives_its_place_back(mirror: Synced, cast: Cast) -> None:
    take_places(cast, heard_of=2 * MINUTE)
    assert not access_tests_run.run(cast.acme.pk, ask(mirror, cast, "draft-1").pk, retries=QUICK)
    take_places(cast, heard_of=4 * MINUTE)
    with isolation.as_tenant(cast.acme.pk):
        AccessTest.objects.filter(state="running").update(progressed_at=timezone.now() - 4 * MINUTE)
    assert access_tests_run.run(cast.acme.pk, ask(mirror, cast, "draft-2").pk, retries=QUICK)


def test_what_waits_for_a_place_is_not_called_lost_as_long_as_something_has_one(mirror: Synced, cast: Cast) -> None:
    busy = take_places(cast)
    with isolation.as_tenant(cast.acme.pk):
        test, trial = ask(mirror, cast, "draft"), preview(mirror, cast)
        later = timezone.now() + 4 * MINUTE
        AccessTest.objects.filter(pk__in=[one.pk for one in busy]).update(progressed_at=later)
        draft = access_tests_run._settings(test)
        assert draft is not None

        def shown() -> tuple[str, str]:
            newest = results.newest(draft, AccessTest.Kind.DISCOVERY, now=later)
            found = settings_trial.find(mirror.integration, now=later)
            assert newest is not None
            assert found is not None
            return str(newest.state), str(found.state)

        assert shown() == ("queued", "queued")
        for one in busy:
            end(one)
        assert shown() == ("failed", "failed")
        assert trial.pk
