"""Two at once, each in a thread and a transaction of its own: a sync and a person, or two people."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from connections import sharing
from connections.models import Connection, Folder, Schema
from integrations import actions, changing, deletion, editing, removal, sync
from integrations.models import Integration, SyncRun
from tests.conftest import Cast, make_cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import QUICK, Synced, make_mirror
from tests.integrations.threads import wait_until_waiting
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
        except (editing.ChangedMeanwhileError, changing.UnseenImpactError) as error:
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
            actions.request_sync(integration=synced.integration, by=None, now=timezone.now())
        return sync.run(cast.acme.pk, synced.integration.pk, retries=QUICK, watch=pause)

    def delete() -> object:
        is_reading.wait(20)
        with isolation.as_tenant(cast.acme.pk):
            done = deletion.request_removal(integration=synced.integration, by=cast.org_owner, now=timezone.now())
        removal.remove(cast.acme.pk, synced.integration.pk)
        is_deleted.set()
        return done

    deleting, syncing = pool.submit(alone(delete)), pool.submit(alone(run_sync))
    assert (deleting.result(40), syncing.result(40)) == (True, None)
    assert rows(synced) == 0


def test_of_two_who_delete_at_once_one_does(synced: Synced, cast: Cast, pool: ThreadPoolExecutor) -> None:
    start = threading.Barrier(2)

    def delete() -> object:
        start.wait(20)
        with isolation.as_tenant(cast.acme.pk):
            return deletion.request_removal(integration=synced.integration, by=cast.org_owner, now=timezone.now())

    results = [future.result(40) for future in [pool.submit(alone(delete)) for _ in range(2)]]
    assert sorted(map(bool, results)) == [False, True]


def test_of_two_who_save_at_once_the_second_is_told(synced: Synced, cast: Cast, pool: ThreadPoolExecutor) -> None:
    start = threading.Barrier(2)

    def save(role_name: str) -> Callable[[], object]:
        def inner() -> object:
            start.wait(20)
            with isolation.as_tenant(cast.acme.pk):
                wanted = Integration.objects.select_related("tenant", "organization").get(pk=synced.integration.pk)
                wanted.role_name = role_name
                return changing.change_connection_settings(
                    integration=synced.integration, wanted=wanted, version="1", seen="", by=cast.org_owner
                )

        return inner

    results = [future.result(40) for future in [pool.submit(alone(save(name))) for name in ("one", "two")]]
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
            actions.request_sync(integration=synced.integration, by=None, now=timezone.now())
        run = sync.run(cast.acme.pk, synced.integration.pk, retries=QUICK, watch=pause)
        return run and run.state

    def save() -> object:
        is_reading.wait(20)
        with isolation.as_tenant(cast.acme.pk):
            Schema.objects.all().delete()
            wanted = Integration.objects.select_related("tenant", "organization").get(pk=synced.integration.pk)
            wanted.handle_prefix = "acme_"
            changing.change_connection_settings(
                integration=synced.integration, wanted=wanted, version="1", seen="", by=cast.org_owner
            )
        is_saved.set()
        return "saved"

    saving, syncing = pool.submit(alone(save)), pool.submit(alone(run_sync))
    assert (saving.result(40), syncing.result(40)) == ("saved", "succeeded")
    with isolation.as_tenant(cast.acme.pk):
        handles = set(Connection.objects.filter(removed_at=None).values_list("handle", flat=True))
    assert handles == {"acme_management", "acme_production", "acme_dev", "acme_late"}
