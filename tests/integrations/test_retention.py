"""What hangs on a removed connection or folder: untouched while a question waits, back within 30 days, then gone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connections import actions, sharing
from connections.errors import HandleTakenError
from connections.models import Connection, Folder, Grant, Schema
from connections.retention import GRACE
from connections.schemas import in_use
from integrations import clean_up
from integrations.models import SyncRun, SyncSchedule
from integrations.nodes import managed
from integrations.sync import approvals
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from workspaces import isolation
from workspaces.access import Scope

NUMBER = 7  # over the limit of five, and more than a fifth


@pytest.fixture
def dressed(mirror: Synced, cast: Cast) -> Synced:
    """A mirror where an OU and its accounts are shared, renamed by hand, set otherwise, and in a workspace's schema."""
    organization = mirror.aws.organization
    team = organization.create_unit("Team")
    for number in range(NUMBER):
        organization.create_account(f"App {number}", parent=team.id, joined_at=100.0 + number)
    mirror.sync()
    fireworks = Scope(cast.acme, cast.tnt, cast.fireworks)
    with isolation.as_tenant(cast.acme.pk):
        folder = Folder.objects.get(title="Team")
        sharing.set_grants(folder, [fireworks])
        actions.add_schema(scope=fireworks, node=folder, by=cast.org_owner)
        folder.options = {"regions": ["eu-*"]}
        folder.save()
        prod = mirror.connection("Prod")
        sharing.set_grants(prod, [fireworks])
        actions.add_schema(scope=fireworks, node=prod, by=cast.org_owner)
        Connection.objects.filter(pk=prod.pk).update(
            handle="main_prod", is_handle_static=True, options={"default_region": "eu-central-1"}
        )
    return mirror


def leave(mirror: Synced) -> dict[str, str]:
    """Prod and the whole team leave AWS; gives the ids by name."""
    organization = mirror.aws.organization
    ids = {name: organization.remove(name).id for name in ("Prod", *(f"App {number}" for number in range(NUMBER)))}
    ids["Team"] = organization.find("Team").id
    organization.delete_unit("Team")
    return ids


def come_back(mirror: Synced, ids: dict[str, str]) -> None:
    """They are in AWS again, under their old ids."""
    organization = mirror.aws.organization
    organization.create_unit("Team", unit_id=ids["Team"])
    organization.create_account("Prod", account_id=ids["Prod"], parent="Workloads", joined_at=2.0)
    for number in range(NUMBER):
        organization.create_account(
            f"App {number}", account_id=ids[f"App {number}"], parent="Team", joined_at=100.0 + number
        )


def scheduled(mirror: Synced) -> SyncRun:
    SyncSchedule.objects.filter(pk=mirror.integration.pk).update(next_due_at=timezone.now())
    return mirror.work()


def removed_days_ago(cast: Cast, days: int) -> None:
    """Let time pass, and the hourly purge run."""
    now = timezone.now()
    with isolation.as_tenant(cast.acme.pk):
        for model in (Folder, Connection):
            model.objects.exclude(removed_at=None).update(removed_at=now - timedelta(days=days))
        clean_up.forget_nodes(now - GRACE)


def in_schema(cast: Cast) -> set[str]:
    """The handles of what the workspace has in its schema."""
    with isolation.as_tenant(cast.acme.pk):
        return set(in_use.contents(cast.fireworks).connections.values_list("handle", flat=True))


def dress(cast: Cast) -> tuple[object, ...]:
    """All that people have given to the nodes."""
    with isolation.as_tenant(cast.acme.pk):
        prod, team = Connection.objects.get(title="Prod"), Folder.objects.get(title="Team")
        return (
            (prod.pk, prod.handle, prod.is_handle_static, prod.options, prod.removed_at),
            (team.pk, team.handle, team.options, team.removed_at),
            sorted(Grant.objects.values_list("folder", "connection", "workspace"), key=str),
            sorted(Schema.objects.values_list("folder", "connection", "workspace"), key=str),
        )


def test_a_question_that_waits_or_is_discarded_touches_nothing(dressed: Synced, cast: Cast) -> None:
    before, schema = dress(cast), in_schema(cast)
    assert len(schema) == NUMBER + 1
    leave(dressed)
    asked = scheduled(dressed)
    assert asked.state == SyncRun.State.NEEDS_APPROVAL
    assert (dress(cast), in_schema(cast)) == (before, schema)
    with isolation.as_tenant(cast.acme.pk):
        approvals.discard(run=asked, by=cast.org_owner, now=timezone.now())
    assert (dress(cast), in_schema(cast)) == (before, schema)


def test_what_is_approved_leaves_the_workspaces_and_returns_within_30_days_as_it_was(
    dressed: Synced, cast: Cast
) -> None:
    before, schema = dress(cast), in_schema(cast)
    ids = leave(dressed)
    asked = scheduled(dressed)
    with isolation.as_tenant(cast.acme.pk):
        approvals.approve(run=asked, by=cast.org_owner, now=timezone.now())
    assert dressed.work().state == SyncRun.State.SUCCEEDED
    assert in_schema(cast) == set()
    removed_days_ago(cast, 29)
    come_back(dressed, ids)
    returned = scheduled(dressed)
    assert returned.counts == {"return": NUMBER + 2}
    assert (dress(cast), in_schema(cast)) == (before, schema)


def test_after_30_days_what_returns_is_new_and_nobody_may_use_it(dressed: Synced, cast: Cast) -> None:
    before = dress(cast)
    ids = leave(dressed)
    dressed.sync()
    removed_days_ago(cast, 31)
    with isolation.as_tenant(cast.acme.pk):
        assert not Connection.objects.filter(source_id__in=ids.values()).exists()
        assert not Grant.objects.exists()
        assert not Schema.objects.exists()
    come_back(dressed, ids)
    assert dressed.sync().counts == {"create": NUMBER + 2}
    assert in_schema(cast) == set()
    prod, *_ = dress(cast)
    assert prod[1:4] == ("prod", False, {})  # type: ignore[index]
    assert prod != before[0]


def test_a_removed_connection_keeps_its_handle_until_it_is_purged(dressed: Synced, cast: Cast) -> None:
    leave(dressed)
    dressed.sync()
    dressed.aws.organization.create_account("App 0", parent="Sandbox", joined_at=500.0)
    dressed.sync()
    with isolation.as_tenant(cast.acme.pk):
        newcomer = Connection.objects.get(title="App 0", removed_at=None)
        assert newcomer.handle.startswith("app_0_")
        dev = dressed.connection("Dev")
        with pytest.raises(HandleTakenError):
            managed.change_handle(
                node=dev, handle="main_prod", seen=managed.node_fingerprint(dev), seen_impact="", by=cast.org_owner
            )
    removed_days_ago(cast, 31)
    with isolation.as_tenant(cast.acme.pk):
        managed.change_handle(
            node=dev, handle="main_prod", seen=managed.node_fingerprint(dev), seen_impact="", by=cast.org_owner
        )
        assert dressed.connection("Dev").handle == "main_prod"
