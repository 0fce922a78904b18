"""Two at once, each in a thread and a transaction of its own: a sync and a person, or two people."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from connections import manual_nodes, sharing
from connections.errors import ChangedMeanwhileError
from connections.models import Connection, Folder, Schema
from integrations import clean_up
from integrations.models import Integration, SyncRun, SyncSchedule
from integrations.settings import change, deletion
from integrations.sync import requests
from integrations.sync import run as sync_run
from integrations.trials import run as trials_run
from integrations.trials import settings_trial
from tests import factories
from tests.conftest import Cast, make_cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import QUICK, Synced, make_mirror
from tests.threads import meeting, wait_until_waiting
from workspaces import isolation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The cast, committed."""
    return make_cast()


@pytest.fixture
def synced(aws: RunningAws, cast: Cast) -> Synced:
    """A mirror after its first sync, committed, with the top folder in a workspace's schema."""
    made = make_mirror(aws, cast.at_org, cast)
    made.work()
    with isolation.as_tenant(cast.acme.pk):
        top = Folder.objects.get(pk=made.integration.root_folder_id)
        sharing.set_grants(top, [cast.at_org])
        Schema.objects.create(**cast.at_workspace.keys, folder=top)
    return made


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads whose database connections are closed with them."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


def alone(work: Callable[[], object]) -> Callable[[], object]:
    """Run in a thread, and leave no connection behind."""

    def inner() -> object:
        try:
            return work()
        except (ChangedMeanwhileError, change.UnseenImpactError, settings_trial.UnseenOutcomeError) as error:
            return error
        finally:
            connection.close()

    return inner


def rows(synced: Synced) -> int:
    with isolation.as_tenant(synced.integration.tenant_id):
        root = synced.integration.root_folder_id
        return Folder.objects.filter(root=root).count() + Connection.objects.filter(root=root).count()


@pytest.mark.parametrize("page", ["sync/", "advanced/schedule/"])
def test_a_click_at_the_moment_of_the_deletion_is_told_of_it(
    synced: Synced, cast: Cast, pool: ThreadPoolExecutor, as_org_owner: Client, page: str
) -> None:
    is_deleted = threading.Event()

    def delete() -> None:
        with isolation.as_tenant(cast.acme.pk):
            deletion.request_removal(integration=synced.integration, by=cast.org_owner, now=timezone.now())
            is_deleted.set()
            wait_until_waiting()  # the click waits for the end of this

    deleting = pool.submit(alone(delete))
    assert is_deleted.wait(10)
    main = "/tenants/acme/orgs/tnt/integrations/main/"
    answer = as_org_owner.post(main + page, {"minutes": "30", "version": "1"}, follow=True)
    deleting.result()
    assert answer.status_code == 200
    assert "Somebody deleted the integration main meanwhile." in answer.content.decode()


def test_a_page_that_is_asked_for_while_its_integration_goes_is_not_found(
    synced: Synced, cast: Cast, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        SyncRun.objects.all().delete()  # what a request sees that began before a worker's commit and goes on after it
    base = "/tenants/acme/orgs/tnt/integrations/"
    assert [as_org_owner.get(f"{base}{page}").status_code for page in ("main/", "main/advanced/", "")] == [
        404,
        404,
        200,
    ]


def test_a_deletion_in_the_middle_of_a_sync_wins(synced: Synced, cast: Cast, pool: ThreadPoolExecutor) -> None:
    synced.aws.organization.create_account("Late", parent=synced.aws.organization.root_id)
    is_reading, is_deleted = threading.Event(), threading.Event()

    def pause(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.COMPARING:
            is_reading.set()
            is_deleted.wait(20)

    def run_sync() -> object:
        with isolation.as_tenant(cast.acme.pk):
            requests.request_sync(integration=synced.integration, by=None, now=timezone.now())
        return sync_run.run(cast.acme.pk, synced.integration.pk, retries=QUICK, watch=pause)

    def delete() -> object:
        is_reading.wait(20)
        with isolation.as_tenant(cast.acme.pk):
            done = deletion.request_removal(integration=synced.integration, by=cast.org_owner, now=timezone.now())
        clean_up.remove(cast.acme.pk, synced.integration.pk)
        is_deleted.set()
        return done

    deleting, syncing = pool.submit(alone(delete)), pool.submit(alone(run_sync))
    assert (deleting.result(40), syncing.result(40)) == (True, None)
    assert rows(synced) == 0


def test_of_two_who_delete_at_once_one_does(synced: Synced, cast: Cast) -> None:
    def delete() -> object:
        with isolation.as_tenant(cast.acme.pk):
            return deletion.request_removal(integration=synced.integration, by=cast.org_owner, now=timezone.now())

    schedule = SyncSchedule.objects.filter(pk=synced.integration.pk)
    results = meeting(schedule, alone(delete), alone(delete), tenant_id=cast.acme.pk)
    assert sorted(map(bool, results)) == [False, True]


def test_of_two_who_save_at_once_the_second_is_told(synced: Synced, cast: Cast) -> None:
    def save(role_name: str) -> Callable[[], object]:
        def inner() -> object:
            with isolation.as_tenant(cast.acme.pk):
                wanted = Integration.objects.select_related("tenant", "organization").get(pk=synced.integration.pk)
                wanted.role_name = role_name
                return change.change_connection_settings(
                    integration=synced.integration, wanted=wanted, version="1", seen="", by=cast.org_owner
                )

        return inner

    schedule = SyncSchedule.objects.filter(pk=synced.integration.pk)
    results = meeting(schedule, alone(save("one")), alone(save("two")), tenant_id=cast.acme.pk)
    assert sorted(type(result).__name__ for result in results) == ["ChangedMeanwhileError", "Integration"]


def test_a_prefix_saved_in_the_middle_of_a_sync_is_kept(synced: Synced, cast: Cast, pool: ThreadPoolExecutor) -> None:
    organization = synced.aws.organization
    organization.create_account("Late", parent=organization.root_id)
    organization.rename("Prod", "Production")
    is_reading, is_saved = threading.Event(), threading.Event()

    def pause(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.COMPARING:
            is_reading.set()
            is_saved.wait(20)

    def run_sync() -> object:
        with isolation.as_tenant(cast.acme.pk):
            requests.request_sync(integration=synced.integration, by=None, now=timezone.now())
        run = sync_run.run(cast.acme.pk, synced.integration.pk, retries=QUICK, watch=pause)
        return run and run.state

    def save() -> object:
        is_reading.wait(20)
        with isolation.as_tenant(cast.acme.pk):
            Schema.objects.all().delete()
            wanted = Integration.objects.select_related("tenant", "organization").get(pk=synced.integration.pk)
            wanted.handle_prefix = "acme_"
            change.change_connection_settings(
                integration=synced.integration, wanted=wanted, version="1", seen="", by=cast.org_owner
            )
        is_saved.set()
        return "saved"

    saving, syncing = pool.submit(alone(save)), pool.submit(alone(run_sync))
    assert (saving.result(40), syncing.result(40)) == ("saved", "succeeded")
    with isolation.as_tenant(cast.acme.pk):
        handles = set(Connection.objects.filter(removed_at=None).values_list("handle", flat=True))
    assert handles == {"acme_management", "acme_production", "acme_dev", "acme_late"}


def while_taken(cast: Cast, pool: ThreadPoolExecutor, handle: str, work: Callable[[], object]) -> object:
    """Work in a thread while somebody takes a handle that it gives away; gives what it returned or raised."""

    def in_tenant() -> object:
        with isolation.as_tenant(cast.acme.pk):
            return work()

    with isolation.as_tenant(cast.acme.pk):
        factories.connection(cast.at_org, "Mine", handle=handle)
        working = pool.submit(alone(in_tenant))
        wait_until_waiting()
    return working.result(40)


def test_a_handle_that_is_taken_as_a_prefix_is_saved_stops_that_with_a_sentence(
    synced: Synced, cast: Cast, pool: ThreadPoolExecutor
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Schema.objects.all().delete()
        wanted = Integration.objects.select_related("tenant", "organization").get(pk=synced.integration.pk)
    wanted.handle_prefix = "acme_"

    def save() -> object:
        return change.change_connection_settings(
            integration=synced.integration, wanted=wanted, version="1", seen="", by=cast.org_owner
        )

    assert "Nothing was saved; save again." in str(while_taken(cast, pool, "acme_prod", save))
    with isolation.as_tenant(cast.acme.pk):
        assert Integration.objects.get().handle_prefix == ""
        assert Connection.objects.filter(handle="prod").exists()


def test_a_handle_that_is_taken_as_credentials_are_saved_shows_again_what_would_change(
    synced: Synced, cast: Cast, pool: ThreadPoolExecutor
) -> None:
    synced.aws.organization.rename("Prod", "Production")
    with isolation.as_tenant(cast.acme.pk):
        current = Integration.objects.select_related("tenant", "organization").get(pk=synced.integration.pk)
        trial = settings_trial.start(integration=current, wanted=copy(current), version="1", by=cast.org_owner)
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    with isolation.as_tenant(cast.acme.pk):
        trial.refresh_from_db()
        seen = settings_trial.outcome_of(trial, current).fingerprint

    def save() -> object:
        return settings_trial.save(integration=current, version="1", seen=seen, by=cast.org_owner, now=timezone.now())

    assert isinstance(while_taken(cast, pool, "production", save), settings_trial.UnseenOutcomeError)
    with isolation.as_tenant(cast.acme.pk):
        assert Connection.objects.filter(handle="prod").exists()


def test_a_connection_is_not_tested_for_an_integration_that_is_being_deleted(
    synced: Synced, cast: Cast, client: Client, pool: ThreadPoolExecutor
) -> None:
    client.force_login(cast.org_owner)
    values = {"do": "test", "role_name": "pipes", "all_regions": "all", "version": "1"}
    values |= {"max_error_retry_attempts": "9", "min_error_retry_delay": "25"}
    url = cast.at_org.url("integration_connection_settings", integration=synced.integration.handle)
    with isolation.as_tenant(cast.acme.pk):
        deletion.request_removal(integration=synced.integration, by=cast.org_owner, now=timezone.now())
        posting = pool.submit(alone(lambda: client.post(url, values).content.decode()))
        wait_until_waiting()
    assert "Somebody deleted the integration main meanwhile." in str(posting.result(40))


@pytest.mark.parametrize("url", ["new/", "folders/new/"])
def test_nothing_is_made_in_a_folder_that_is_being_deleted(
    cast: Cast, client: Client, pool: ThreadPoolExecutor, url: str
) -> None:
    client.force_login(cast.org_owner)
    with isolation.as_tenant(cast.acme.pk):
        folder = manual_nodes.create_folder(
            scope=cast.at_org, parent=None, handle="mine", title="Mine", by=cast.org_owner
        )
    url = f"{cast.at_org.url('connection_list')}{url}?folder={folder.pk}"
    with isolation.as_tenant(cast.acme.pk):
        manual_nodes.delete_node(node=folder, by=cast.org_owner)
        posting = pool.submit(alone(lambda: client.post(url, {"handle": "inner"}, follow=True).content.decode()))
        wait_until_waiting()
    assert "Somebody deleted the folder Mine meanwhile. Nothing was created." in str(posting.result(40))


def test_a_folder_goes_with_what_is_being_made_in_it(cast: Cast, pool: ThreadPoolExecutor) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = manual_nodes.create_folder(scope=cast.at_org, parent=None, handle="top", title="", by=cast.org_owner)
        inner = manual_nodes.create_folder(scope=cast.at_org, parent=top, handle="inner", title="", by=cast.org_owner)

    def delete() -> object:
        with isolation.as_tenant(cast.acme.pk):
            manual_nodes.delete_node(node=top, by=cast.org_owner)
        return "deleted"

    with isolation.as_tenant(cast.acme.pk):
        manual_nodes.create_folder(scope=cast.at_org, parent=inner, handle="late", title="", by=cast.org_owner)
        deleting = pool.submit(alone(delete))
        wait_until_waiting()
    assert deleting.result(40) == "deleted"
    with isolation.as_tenant(cast.acme.pk):
        assert not Folder.objects.filter(handle__in=["top", "inner", "late"]).exists()
