"""The rules of a plan, one by one."""

from dataclasses import replace

import pytest

from connections.models import ConnectionState
from integrations.planning.diff import describe
from integrations.planning.handles import dynamic_handle
from integrations.planning.reconcile import Taken, Tree, plan
from integrations.planning.snapshot import AccountState, Snapshot
from tests.integrations.planning.trees import (
    ACCOUNT_IDS,
    FOLDER_IDS,
    ROOT_ID,
    UNREAD,
    account,
    applied,
    handles,
    seen,
    snapshot,
    synced,
    told,
    unit,
)


def accounts_named(*names: str) -> Snapshot:
    return snapshot(accounts=[account(number, name, joined=number) for number, name in enumerate(names)])


def connection_handles(tree: Tree) -> list[str]:
    got = handles(tree.connections)
    return [got[source_id] for source_id in ACCOUNT_IDS if source_id in got]


@pytest.mark.parametrize(
    ("name", "prefix", "handle"),
    [
        ("Prod", "", "prod"),
        ("Prod / EU (1)", "", "prod_eu_1"),
        ("Prod", "aws_", "aws_prod"),
        ("2026 audit", "", "account_2026_audit"),
        ("2026 audit", "aws_", "aws_2026_audit"),
        ("🚀🚀", "", "account_123456789012"),
        ("🚀🚀", "aws_", "aws_account_123456789012"),
        ("Zürich", "", "zurich"),
        ("東京", "", "dongjing"),
        ("Данные", "", "dannye"),
        ("Øst–Łódź—Straße", "", "ost_lodz_strasse"),
        ("Prod–EU", "", "prod_eu"),
        ("prod—1", "", "prod_1"),
        ("Prod“EU”…x", "", "prod_eu_x"),
        ("a\u200bb\u00a0c", "", "a_b_c"),
        ("A™ ①", "", "atm_1"),
        ("ガ", "", "ga"),
        # No schema can be called so, whatever comes after it.
        ("PG Backups", "", "account_pg_backups"),
        ("pg_catalog", "", "account_pg_catalog"),
        ("Information Schema", "", "account_information_schema"),
        ("steampipe_internal", "", "account_steampipe_internal"),
        ("g_x", "p", "account_pg_x"),
        ("schema", "information_", "account_information_schema"),
        ("Backups", "pg_", "account_pg_backups"),
        ("pg_" + "x" * 60, "", "account_pg_" + "x" * 52),
        ("PG Backups", "aws_", "aws_pg_backups"),
        ("pgadmin", "", "pgadmin"),
        ("PG", "", "pg"),
        ("steampipe", "", "steampipe"),
        ("Information Schemas", "", "information_schemas"),
        ("user", "", "user"),
        ("x" * 100, "aws_", "aws_" + "x" * 59),
        ("y" * 62 + " z", "", "y" * 62),
    ],
)
def test_a_dynamic_handle_is_the_prefix_and_the_name_as_a_slug(name: str, prefix: str, handle: str) -> None:
    assert dynamic_handle("connection", name, "123456789012", prefix) == handle


def test_the_prefix_is_for_connections_only() -> None:
    tree = synced(replace(UNREAD, handle_prefix="aws_"), snapshot([unit(0, "Security")], [account(0, "Audit")]))
    assert handles(tree.folders)[FOLDER_IDS[0]] == "security"
    assert connection_handles(tree) == ["aws_audit"]


def test_a_folder_without_a_slug_is_called_by_its_id() -> None:
    assert dynamic_handle("folder", "🔒", "ou-ab12-cdefgh34") == "folder_cdefgh34"


def test_a_folder_is_no_schema_and_may_have_any_name() -> None:
    assert dynamic_handle("folder", "PG Backups", "ou-ab12-cdefgh34") == "pg_backups"


@pytest.mark.parametrize(
    ("name", "handle"),
    [("Prod–EU", "prodeu"), ("東京", f"account_{ACCOUNT_IDS[0]}"), ("Straße", "strae"), ("Łódź", "odz"), ("ø", "x")],
)
def test_whoever_holds_a_handle_of_an_older_spelling_keeps_it_while_its_name_stays(name: str, handle: str) -> None:
    step = snapshot(accounts=[account(0, name)])
    tree = synced(UNREAD, step)
    old = replace(tree, connections=tuple(held._replace(handle=handle) for held in tree.connections))
    assert plan(old, step, Taken()).is_empty
    moved = snapshot([unit(0, "Security")], [replace(account(0, name), parent_id=FOLDER_IDS[0])])
    assert connection_handles(synced(old, moved)) == [handle]
    gone = synced(old, snapshot())
    assert connection_handles(synced(gone, step)) == [handle]


@pytest.mark.parametrize("handle", ["pg_backups", "information_schema", "steampipe_internal"])
def test_a_dynamic_handle_that_no_schema_can_have_is_replaced_and_a_static_one_is_left_to_people(handle: str) -> None:
    step = snapshot(accounts=[account(0, "PG Backups"), account(1, "Other")])
    tree = synced(UNREAD, step)
    first, *others = tree.connections
    old = replace(tree, connections=(first._replace(handle=handle), *others))
    planned = plan(old, step, Taken())
    assert [update.after.handle for update in planned.connections.updates] == ["account_pg_backups"]
    (line,) = describe(planned, old, step)
    assert (line.kind, line.before, line.after) == (
        "rename",
        f"PG Backups ({handle})",
        "PG Backups (account_pg_backups)",
    )
    assert plan(applied(planned, old), step, Taken()).is_empty
    static = replace(tree, connections=(first._replace(handle=handle, is_handle_static=True), *others))
    assert plan(static, step, Taken()).is_empty


def test_of_equal_names_the_earliest_gets_the_bare_handle() -> None:
    step = snapshot(accounts=[account(0, "Prod", joined=5), account(1, "prod", joined=1), account(2, "PROD", joined=1)])
    assert connection_handles(synced(UNREAD, step)) == [f"prod_{ACCOUNT_IDS[0]}", "prod", f"prod_{ACCOUNT_IDS[2]}"]


def test_a_suffix_is_never_cut() -> None:
    long = "x" * 128
    assert connection_handles(synced(UNREAD, accounts_named(long, long))) == ["x" * 63, "x" * 50 + f"_{ACCOUNT_IDS[1]}"]


def test_a_holder_keeps_its_handle_from_an_older_newcomer() -> None:
    first = snapshot(accounts=[account(0, "Prod", joined=9)])
    second = snapshot(accounts=[account(0, "Prod", joined=9), account(1, "Prod", joined=1)])
    assert connection_handles(synced(UNREAD, first, second)) == ["prod", f"prod_{ACCOUNT_IDS[1]}"]


def test_a_holder_with_a_suffix_keeps_it_when_the_bare_handle_becomes_free() -> None:
    tree = synced(UNREAD, accounts_named("Prod", "Prod"), accounts_named("Dev", "Prod"))
    assert connection_handles(tree) == ["dev", f"prod_{ACCOUNT_IDS[1]}"]


def test_a_name_that_only_changes_its_case_keeps_its_handle() -> None:
    tree = synced(UNREAD, accounts_named("Prod", "Prod"), accounts_named("Dev", "PROD"))
    assert connection_handles(tree) == ["dev", f"prod_{ACCOUNT_IDS[1]}"]


def test_a_handle_that_is_given_up_can_be_taken_in_the_same_plan() -> None:
    assert connection_handles(synced(UNREAD, accounts_named("Prod"), accounts_named("Dev", "Prod"))) == ["dev", "prod"]


def test_swapped_names_swap_the_handles() -> None:
    tree = synced(UNREAD, accounts_named("One", "Two"), accounts_named("Two", "One"))
    assert connection_handles(tree) == ["two", "one"]


def test_a_static_handle_survives_every_rename() -> None:
    tree = synced(UNREAD, accounts_named("Prod"))
    mine = tree.connections[0]._replace(handle="mine", is_handle_static=True)
    renamed = synced(replace(tree, connections=(mine,)), accounts_named("Production"))
    assert renamed.connections == (mine._replace(title="Production"),)


def test_the_handle_of_a_removed_account_stays_reserved() -> None:
    tree = synced(UNREAD, accounts_named("Prod"), snapshot(), snapshot(accounts=[account(1, "Prod")]))
    assert connection_handles(tree) == ["prod", f"prod_{ACCOUNT_IDS[1]}"]


def test_handles_of_other_nodes_in_the_scope_are_never_given() -> None:
    taken = Taken(frozenset({"security"}), frozenset({"prod", f"prod_{ACCOUNT_IDS[0]}"}))
    tree = synced(UNREAD, snapshot([unit(0, "Security")], [account(0, "Prod")]), taken=taken)
    assert handles(tree.folders)[FOLDER_IDS[0]] == "security_aaaaaaaa"
    assert connection_handles(tree) == [f"prod_{ACCOUNT_IDS[0]}_2"]


def test_a_name_that_looks_like_a_suffixed_handle_cannot_steal_it() -> None:
    tree = synced(UNREAD, accounts_named("Prod", "Prod", f"Prod {ACCOUNT_IDS[1]}"))
    assert connection_handles(tree) == [
        "prod",
        f"prod_{ACCOUNT_IDS[1]}",
        f"prod_{ACCOUNT_IDS[1]}_{ACCOUNT_IDS[2]}",
    ]


def test_a_connection_is_never_called_as_a_schema_that_each_workspace_has_by_itself() -> None:
    step = snapshot([unit(0, "Public")], [account(0, "Public"), account(1, "All AWS")])
    tree = synced(UNREAD, step)
    assert connection_handles(tree) == [f"public_{ACCOUNT_IDS[0]}", f"all_aws_{ACCOUNT_IDS[1]}"]
    assert handles(tree.folders)[FOLDER_IDS[0]] == "public"  # no schema


def test_the_first_read_gives_the_top_folder_its_id_and_changes_nothing_else() -> None:
    tree = synced(UNREAD, snapshot())
    assert tree.folders == (UNREAD.folders[0]._replace(source_id=ROOT_ID),)


@pytest.mark.parametrize("state", AccountState)
def test_every_state_but_closed_keeps_its_connection(state: AccountState) -> None:
    tree = synced(UNREAD, accounts_named("Prod"), snapshot(accounts=[account(0, "Prod", state=state)]))
    (connection,) = tree.connections
    assert connection.is_removed == (state is AccountState.CLOSED)
    assert connection.is_removed or connection.state == state.value


def test_every_state_of_an_account_but_closed_is_one_of_connections() -> None:
    assert {state.value for state in AccountState} - set(ConnectionState.values) == {"closed"}


def test_an_account_that_was_closed_before_the_first_import_never_shows() -> None:
    step = snapshot(accounts=[account(0, "Prod", state=AccountState.CLOSED)])
    assert synced(UNREAD, step).connections == ()


def test_another_top_folder_is_still_the_same_folder() -> None:
    """What new credentials may lead to: another AWS organization takes the place of the old one."""
    tree = synced(UNREAD, snapshot([unit(0, "Security")], [account(0, "Audit")]))
    other = Snapshot("o-other67890", ACCOUNT_IDS[1], (replace(snapshot().root, source_id="r-other"),), ())
    after = applied(plan(tree, other, Taken()), tree)
    assert seen(after) == told(other)
    assert after.folders[0].id == UNREAD.folders[0].id


def test_a_plan_is_told_in_words() -> None:
    before = synced(
        UNREAD,
        snapshot([unit(0, "Old"), unit(1, "New")], [account(0, "A", FOLDER_IDS[0]), account(1, "B"), account(2, "C")]),
        snapshot([unit(0, "Old"), unit(1, "New")], [account(0, "A", FOLDER_IDS[0]), account(1, "B")]),
    )
    step = snapshot(
        [unit(1, "Newer")],
        [
            account(0, "A2", FOLDER_IDS[1], state=AccountState.SUSPENDED),
            account(2, "C", FOLDER_IDS[1]),
            account(3, "D", FOLDER_IDS[1]),
        ],
    )
    lines = describe(plan(before, step, Taken()), before, step)
    assert [(line.kind, line.node, line.label, line.before, line.after) for line in lines] == [
        ("rename", "folder", "Newer", "New (new)", "Newer (newer)"),
        ("create", "connection", "D", "", "Root / Newer"),
        ("move", "connection", "A2", "Root / Old", "Root / Newer"),
        ("rename", "connection", "A2", "A (a)", "A2 (a2)"),
        ("state", "connection", "A2", "active", "suspended"),
        ("return", "connection", "C", "", "Root / Newer"),
        ("remove", "connection", "B", "Root", "left the AWS organization"),
        ("remove", "folder", "Old", "Root", "deleted in AWS"),
    ]
