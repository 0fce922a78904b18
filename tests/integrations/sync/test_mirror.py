"""Plans in the database: the same as in memory, in few statements, and safe beside other people's work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections import bulk, sharing
from connections.models import Connection, Folder, Grant
from connections.retention import GRACE
from integrations import clean_up
from integrations.models import Integration
from integrations.planning.reconcile import Held, Tree
from integrations.planning.snapshot import AccountState, Snapshot
from integrations.sync import mirror
from tests import factories
from tests.conftest import Cast
from tests.integrations.planning.trees import (
    ACCOUNT_IDS,
    FOLDER_IDS,
    account,
    seen,
    snapshot,
    snapshots,
    synced,
    told,
    unit,
)
from workspaces import isolation
from workspaces.access import Scope


def mirrored(scope: Scope, cast: Cast, handle: str = "main") -> Integration:
    return factories.integration(scope, handle, by=cast.tenant_owner)


def sync(integration: Integration, step: Snapshot) -> Tree:
    """Load, plan and apply, as a sync does; gives the tree as it is read again."""
    tree = mirror.load(integration)
    mirror.apply(mirror.plan(integration, tree, step), tree, integration, now=timezone.now())
    with connection.cursor() as cursor:  # what a commit would check
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return mirror.load(integration)


def by_source(tree: Tree) -> dict[str, Held]:
    """The tree's nodes without their primary keys."""
    return {node.source_id: node._replace(id=0) for node in (*tree.folders, *tree.connections)}


@contextmanager
def undone(tenant_id: int) -> Iterator[None]:
    """One transaction in the tenant that leaves nothing behind."""
    with isolation.as_tenant(tenant_id), transaction.atomic():
        yield
        transaction.set_rollback(True)


@given(st.lists(snapshots(), min_size=1, max_size=3), st.sampled_from(["", "aws_"]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_comes_to_what_memory_comes_to(cast: Cast, steps: list[Snapshot], prefix: str) -> None:
    with undone(cast.acme.pk):
        integration = mirrored(cast.at_tenant, cast)
        integration.handle_prefix = prefix
        expected = mirror.load(integration)
        for step in steps:
            stored, expected = sync(integration, step), synced(expected, step)
            assert by_source(stored) == by_source(expected)
            assert seen(stored) == told(step)
            assert_paths_are_right(integration)
        assert mirror.plan(integration, stored, steps[-1]).is_empty


def assert_paths_are_right(integration: Integration) -> None:
    folders = {folder.pk: folder for folder in Folder.objects.filter(root=integration.root_folder)}
    for folder in folders.values():
        above = folders[folder.parent_id].path if folder.parent_id else ""
        assert folder.path == f"{above}{folder.pk}/"


def large(accounts: int) -> Snapshot:
    """Twenty units in four branches, and so many accounts with a few equal names."""
    units = [
        replace(unit(0, f"Unit {number}"), source_id=f"ou-ab12-{number:08}", parent_id=parent)
        for number, parent in enumerate(["r-ab12", *(f"ou-ab12-{number // 4:08}" for number in range(19))])
    ]
    return snapshot(
        units,
        [
            replace(
                account(0, f"Account {number % (accounts - 10)}"),
                source_id=f"{number:012}",
                parent_id=units[number % 20].source_id,
            )
            for number in range(accounts)
        ],
    )


def changed(step: Snapshot) -> Snapshot:
    """A change of each kind for one in ten."""
    units = [replace(folder, name=f"{folder.name} new") for folder in step.folders[1:6]]
    accounts = list(step.accounts)
    for number in range(0, len(accounts), 10):
        accounts[number] = replace(accounts[number], name=f"{accounts[number].name} x", parent_id="r-ab12")
        accounts[number + 1] = replace(accounts[number + 1], state=AccountState.SUSPENDED)
        accounts[number + 2] = replace(accounts[number + 2], source_id=f"9{number:011}")
    new_unit = replace(unit(0, "A new unit"), source_id="ou-ab12-99999999")
    return snapshot([*units, *step.folders[6:], new_unit], accounts, root_name="Top")


def statements(integration: Integration, step: Snapshot) -> int:
    with CaptureQueriesContext(connection) as captured:
        tree = mirror.load(integration)
        mirror.apply(mirror.plan(integration, tree, step), tree, integration, now=timezone.now())
    return len(captured)


def test_the_number_of_statements_does_not_depend_on_the_size(cast: Cast) -> None:
    counts = []
    for accounts in (100, 2_000):
        with undone(cast.acme.pk):
            integration, step = mirrored(cast.at_tenant, cast), large(accounts)
            counts.append([statements(integration, it) for it in (step, step, changed(step))])
            assert seen(mirror.load(integration)) == told(changed(step))
    assert counts[0] == counts[1]
    first, unchanged, some = counts[0]
    assert (first <= 10, unchanged, some <= 14) == (True, 2, True)


def test_rows_that_did_not_change_are_not_written(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        integration = mirrored(cast.at_tenant, cast)
        sync(integration, large(100))
        before = versions()
        sync(integration, large(100))
        assert versions() == before
        some = replace(large(100), accounts=(replace(large(100).accounts[0], name="Other"), *large(100).accounts[1:]))
        sync(integration, some)
        assert len(versions().items() - before.items()) == 1


def versions() -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ctid::text FROM connections_connection")
        return dict(cursor.fetchall())


def test_what_returns_in_the_days_of_grace_has_its_grants_and_later_it_is_new(cast: Cast) -> None:
    here = snapshot([unit(0, "Security")], [account(0, "Audit", FOLDER_IDS[0])])
    with isolation.as_tenant(cast.acme.pk):
        integration = mirrored(cast.at_tenant, cast)
        sync(integration, here)
        node = Connection.objects.get(source_id=ACCOUNT_IDS[0])
        sharing.set_grants(node, [cast.at_org])
        for days, is_kept in ((29, True), (31, False)):
            sync(integration, snapshot())
            clean_up.forget_nodes(timezone.now() + timedelta(days=days) - GRACE)
            sync(integration, here)
            assert Connection.objects.filter(pk=node.pk).exists() == is_kept
            assert Grant.objects.filter(connection=node).exists() == is_kept
        assert Connection.objects.get(source_id=ACCOUNT_IDS[0]).handle == "audit"
        assert Folder.objects.get(source_id=FOLDER_IDS[0]).handle == "security"


def test_a_purge_takes_only_what_is_long_gone(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        integration = mirrored(cast.at_tenant, cast)
        sync(integration, snapshot([unit(0, "A"), unit(1, "B", FOLDER_IDS[0])], [account(0, "C", FOLDER_IDS[1])]))
        sync(integration, snapshot([unit(0, "A"), unit(1, "B", FOLDER_IDS[0])]))
        clean_up.forget_nodes(timezone.now() + timedelta(days=31) - GRACE)
        assert set(by_source(mirror.load(integration))) == {"r-ab12", FOLDER_IDS[0], FOLDER_IDS[1]}


@pytest.mark.parametrize("is_managed", [True, False])
def test_a_handle_that_another_node_of_the_scope_holds_is_planned_around(cast: Cast, is_managed: bool) -> None:
    with isolation.as_tenant(cast.acme.pk):
        if is_managed:
            sync(mirrored(cast.at_tenant, cast, "other"), snapshot(accounts=[account(1, "Prod")]))
            sync(Integration.objects.get(handle="other"), snapshot())  # removed, and so reserved
        else:
            factories.connection(cast.at_tenant, "Prod", handle="prod")
            factories.connection(cast.at_tenant, "Prod", handle=f"prod_{ACCOUNT_IDS[0]}")
            factories.connection(cast.at_tenant, "Prod", handle=f"prod_{ACCOUNT_IDS[0]}_2")
        tree = sync(mirrored(cast.at_tenant, cast), snapshot(accounts=[account(0, "Prod")]))
        suffix = "" if is_managed else "_3"
        assert [node.handle for node in tree.connections] == [f"prod_{ACCOUNT_IDS[0]}{suffix}"]


def test_scopes_do_not_share_handles(cast: Cast) -> None:
    step = snapshot([unit(0, "Security")], [account(0, "Prod")])
    with isolation.as_tenant(cast.acme.pk):
        scopes = (cast.at_tenant, cast.at_org, Scope(cast.acme, cast.ops))
        for number, scope in enumerate(scopes):
            tree = sync(mirrored(scope, cast, f"in-{number}"), step)
            assert [node.handle for node in tree.connections] == ["prod"]
            assert {node.handle for node in tree.folders} == {"root", "security"}


def test_a_handle_that_was_made_static_after_the_tree_was_read_stays(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        integration = mirrored(cast.at_tenant, cast)
        tree = sync(integration, snapshot(accounts=[account(0, "Prod")]))
        planned = mirror.plan(integration, tree, snapshot(accounts=[account(0, "Dev")]))
        Connection.objects.filter(source_id=ACCOUNT_IDS[0]).update(handle="mine", is_handle_static=True)
        mirror.apply(planned, tree, integration, now=timezone.now())
        (node,) = mirror.load(integration).connections
        assert (node.handle, node.title) == ("mine", "Dev")


def test_a_plan_whose_rows_went_away_is_refused(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        integration = mirrored(cast.at_tenant, cast)
        tree = sync(integration, snapshot(accounts=[account(0, "Prod")]))
        planned = mirror.plan(integration, tree, snapshot(accounts=[account(0, "Dev")]))
        Connection.objects.filter(source_id=ACCOUNT_IDS[0]).delete()
        with pytest.raises(bulk.TreeChangedError):
            mirror.apply(planned, tree, integration, now=timezone.now())


def test_another_email_of_an_account_is_kept_and_is_no_change_to_anybody(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        integration = mirrored(cast.at_tenant, cast)
        step = large(3)
        tree = sync(integration, step)
        assert {held.email for held in tree.connections} == {""}
        first, *others = step.accounts
        known = replace(step, accounts=(replace(first, email="root@example.com"), *others))
        planned = mirror.plan(integration, tree, known)
        assert planned.is_empty
        assert [held.email for held in planned.connections.described] == ["root@example.com"]
        before = versions()
        sync(integration, known)
        assert len(versions().items() - before.items()) == 1
        after = sync(integration, step)  # a snapshot from before does not say that there is none
        assert sorted(held.email for held in after.connections) == ["", "", "root@example.com"]
