"""Deleting integrations, organizations and workspaces."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import sharing
from connections.models import Aggregator, Connection, Folder, Grant, Schema
from connections.schemas import in_use as schemas_in_use
from integrations import clean_up
from integrations.models import AccessTest, Draft, Integration, SyncRun, SyncSchedule
from integrations.settings import deletion
from integrations.sync import requests
from integrations.sync import run as sync_run
from tests import factories
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import QUICK, Synced, make_mirror
from tests.integrations.in_use import MAIN, handles, post, text_of
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Membership, Organization, Workspace

LIST = "/tenants/acme/orgs/tnt/integrations/"


def rows_of(integration: Integration) -> int:
    """How many rows of the tree there are, removed ones included."""
    root = integration.root_folder_id
    return Folder.objects.filter(root=root).count() + Connection.objects.filter(root=root).count()


def test_the_page_says_what_goes_in_numbers(in_use: Synced, as_org_owner: Client) -> None:
    text = text_of(as_org_owner.get(MAIN + "delete/").content.decode())
    assert "All of its associated folders and connections will be deleted and removed from all workspaces." in text
    assert "This action is not reversible!" in text
    assert "3 connections" in text
    assert "3 folders" in text
    assert "2 workspaces have them in their schema: tnt/fireworks, tnt/rockets" in text


def test_what_stays_in_aws_is_said_before_and_after(in_use: Synced, as_org_owner: Client) -> None:
    lines = (
        "aws cloudformation delete-stack --region us-east-1 --stack-name pipes-members",
        "aws iam delete-role --role-name pipes-connection",
    )
    before = as_org_owner.get(MAIN + "delete/").content.decode()
    assert all(line in before for line in lines)
    assert "delete-access-key" not in before
    answer = as_org_owner.post(MAIN + "delete/", {"handle": "main"})
    assert answer["Location"].startswith(f"{LIST}removed/")
    after = as_org_owner.get(answer["Location"]).content.decode()
    assert all(line in after for line in lines)
    assert as_org_owner.get(answer["Location"]).content.decode().count("Deleted the integration main.") == 0
    assert as_org_owner.get(answer["Location"][:-2] + "/").status_code == 404


def test_another_handle_deletes_nothing(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    before = handles(cast)
    assert "This is not main." in post(as_org_owner, MAIN + "delete/", handle="mian")
    assert "Enter main to delete it." in post(as_org_owner, MAIN + "delete/")
    assert handles(cast) == before


def test_a_deleted_integration_is_gone_from_every_list_at_once(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    assert "Deleted the integration main." in text_of(post(as_org_owner, MAIN + "delete/", handle="main"))
    assert f"{LIST}main/" not in as_org_owner.get(LIST).content.decode()
    for page in ("", "config/", "advanced/", "delete/", "processes/"):
        assert as_org_owner.get(MAIN + page).status_code == 404
    assert handles(cast) == set()
    found = as_org_owner.get("/tenants/acme/orgs/tnt/connections/?q=prod").content.decode()
    assert "No folder or connection here has this" in found
    with isolation.as_tenant(cast.acme.pk):
        assert not schemas_in_use.contents(cast.fireworks).visible.connections.exists()


def test_the_worker_deletes_all_that_hangs_on_it_and_keeps_the_rest(
    in_use: Synced, aws: RunningAws, cast: Cast, as_org_owner: Client
) -> None:
    other = make_mirror(aws, cast.at_tenant, cast, handle="other")
    other.work()
    post(as_org_owner, MAIN + "delete/", handle="main")
    clean_up.remove(cast.acme.pk, in_use.integration.pk)
    with isolation.as_tenant(cast.acme.pk):
        assert rows_of(in_use.integration) == 0
        assert not Integration.objects.filter(handle="main").exists()
        assert not Schema.objects.exists()
        assert not Grant.objects.exists()
        assert not SyncRun.objects.filter(integration=in_use.integration.pk).exists()
        assert Aggregator.objects.count() == 1  # what a person typed stays
        assert rows_of(other.integration) == 6
    assert not SyncSchedule.objects.filter(pk=in_use.integration.pk).exists()
    clean_up.remove(cast.acme.pk, in_use.integration.pk)  # a message that comes twice is quiet


def test_deleting_is_one_event_with_the_numbers(
    in_use: Synced, as_org_owner: Client, events: Callable[[], list[AuditEvent]]
) -> None:
    before = len(events())
    for _ in range(2):
        as_org_owner.post(MAIN + "delete/", {"handle": "main"})
    written = events()[: len(events()) - before]
    assert [event.action for event in written] == ["integration.deleted"]
    assert written[0].details == {"connections": 3, "folders": 3, "workspaces": 2}


def test_the_second_click_lands_on_the_list_and_says_so(in_use: Synced, as_org_owner: Client) -> None:
    post(as_org_owner, MAIN + "delete/", handle="main")
    assert "There is no integration main here any more." in post(as_org_owner, MAIN + "delete/", handle="main")


def test_a_sync_under_way_cannot_bring_it_back(in_use: Synced, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    in_use.aws.organization.create_account("Late", parent=in_use.aws.organization.root_id)

    def delete_while_it_reads(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.COMPARING:
            with isolation.as_tenant(cast.acme.pk):
                deletion.request_removal(integration=in_use.integration, by=cast.org_owner, now=timezone.now())

    with isolation.as_tenant(cast.acme.pk):
        requests.request(in_use.integration, trigger=SyncRun.Trigger.MANUAL, by=None, now=timezone.now())
    sync_run.run(cast.acme.pk, in_use.integration.pk, retries=QUICK, watch=delete_while_it_reads)
    assert handles(cast) == set()
    clean_up.remove(cast.acme.pk, in_use.integration.pk)
    with isolation.as_tenant(cast.acme.pk):
        assert rows_of(in_use.integration) == 0
    assert sync_run.run(cast.acme.pk, in_use.integration.pk, retries=QUICK) is None


def test_what_the_database_refuses_is_shown_and_can_be_tried_again(
    in_use: Synced, cast: Cast, as_org_owner: Client, events: Callable[[], list[AuditEvent]]
) -> None:
    post(as_org_owner, MAIN + "delete/", handle="main")
    with isolation.as_tenant(cast.acme.pk), connection.cursor() as cursor:
        stray = factories.folder(cast.at_org, "Stray")
        Folder.objects.filter(pk=stray.pk).update(parent=in_use.integration.root_folder_id)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError):
        clean_up.remove(cast.acme.pk, in_use.integration.pk)
    with isolation.as_tenant(cast.acme.pk):
        stray.delete()
        assert rows_of(in_use.integration) == 6
    text = text_of(as_org_owner.get(LIST).content.decode())
    assert "main could not be deleted completely" in text
    assert "Enter main to confirm" in text_of(as_org_owner.get(MAIN + "delete/").content.decode())
    post(as_org_owner, MAIN + "delete/", handle="main")
    assert events()[0].action == "integration.deletion_retried"
    clean_up.remove(cast.acme.pk, in_use.integration.pk)
    with isolation.as_tenant(cast.acme.pk):
        assert rows_of(in_use.integration) == 0


def test_a_deletion_whose_message_got_lost_is_taken_up(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    post(as_org_owner, MAIN + "delete/", handle="main")
    clean_up.run(now=timezone.now())
    with isolation.as_tenant(cast.acme.pk):
        assert rows_of(in_use.integration) == 0


def test_a_tenant_that_cannot_be_cleaned_up_does_not_stop_that_of_others(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    post(as_org_owner, MAIN + "delete/", handle="main")
    with isolation.as_tenant(cast.acme.pk), connection.cursor() as cursor:
        stray = factories.folder(cast.at_org, "Stray")
        Folder.objects.filter(pk=stray.pk).update(parent=in_use.integration.root_folder_id)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    now = timezone.now()
    with isolation.as_tenant(cast.globex.pk):
        factories.draft(Scope(cast.globex, cast.globex_org), by=cast.stranger, expires_at=now)
    clean_up.run(now=now)
    with isolation.as_tenant(cast.globex.pk):
        assert not Draft.objects.exists()
    with isolation.as_tenant(cast.acme.pk):
        assert Integration.objects.get().state == Integration.State.DELETE_FAILED


@pytest.mark.parametrize("url", [MAIN + "delete/", "/tenants/acme/orgs/tnt/delete/"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("tenant_owner", 200), ("org_owner", 200), ("org_member", 403), ("workspace_owner", 403), ("stranger", 404)],
)
def test_only_owners_delete(cast: Cast, in_use: Synced, client: Client, url: str, who: str, status: int) -> None:
    client.force_login(getattr(cast, who))
    assert client.get(url).status_code == status
    if status != 200:
        for handle in ("main", "tnt"):
            assert client.post(url, {"handle": handle}).status_code == status
        assert len(handles(cast)) == 3


def measured(cast: Cast, size: int, handle: str) -> tuple[int, int]:
    """Statements of the request and of the worker for a tree of so many connections."""
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, handle, by=cast.org_owner)
        top = made.root_folder
        factories.grow(top, folders=max(size // 10, 1), connections=size)
        sharing.set_grants(top, [cast.at_org])
        for node in Connection.objects.filter(root=top):
            Schema.objects.create(**cast.at_workspace.keys, connection=node)
        with CaptureQueriesContext(connection) as asked:
            deletion.request_removal(integration=made, by=cast.org_owner, now=timezone.now())
    with CaptureQueriesContext(connection) as removed:
        clean_up.remove(cast.acme.pk, made.pk)
    return len(asked), len(removed)


def test_the_number_of_statements_does_not_depend_on_the_size(cast: Cast) -> None:
    assert measured(cast, 5, "small") == measured(cast, 100, "large")


def test_deleting_an_organization_takes_all_that_it_owns(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.draft(cast.at_org, "half", by=cast.org_owner)
    url = "/tenants/acme/orgs/tnt/delete/"
    text = text_of(as_org_owner.get(url).content.decode())
    for shown in ("1 integration: main", "3 connections", "2 workspaces: fireworks, rockets"):
        assert shown in text
    assert "Deleted the organization tnt." in text_of(post(as_org_owner, url, handle="tnt"))
    with isolation.as_tenant(cast.acme.pk):
        for model in (Integration, Draft, Folder, Connection, Schema, Grant, Aggregator, SyncRun, AccessTest):
            assert not model._default_manager.exists(), model
        assert list(Organization.objects.values_list("handle", flat=True)) == ["ops"]
        assert list(Workspace.objects.values_list("handle", flat=True)) == ["pager"]
        assert not Membership.objects.filter(organization=cast.tnt.pk).exists()
        assert Membership.objects.filter(user=cast.org_owner, organization=None).exists()
    assert not SyncSchedule.objects.exists()


def test_deleting_a_workspace_leaves_what_was_shared_with_it(in_use: Synced, cast: Cast, client: Client) -> None:
    client.force_login(cast.workspace_owner)
    url = Scope(cast.acme, cast.tnt, cast.fireworks).url("workspace_delete")
    assert "Delete Workspace" in client.get(cast.at_workspace.url("workspace_advanced")).content.decode()
    assert "Deleted the workspace fireworks." in text_of(post(client, url, handle="fireworks"))
    with isolation.as_tenant(cast.acme.pk):
        assert set(Workspace.objects.values_list("handle", flat=True)) == {"rockets", "pager"}
        assert Schema.objects.count() == 1
        assert not Aggregator.objects.exists()
    assert len(handles(cast)) == 3


@pytest.mark.parametrize(
    ("who", "status"), [("operator", 403), ("reader", 403), ("org_member", 404), ("org_owner", 200)]
)
def test_only_owners_delete_a_workspace(cast: Cast, client: Client, who: str, status: int) -> None:
    client.force_login(getattr(cast, who))
    assert client.get(cast.at_workspace.url("workspace_delete")).status_code == status
