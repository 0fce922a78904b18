"""Which connections a workspace may use: ours, the bare fetch of the same rows by id, one statement with OR, guardian.

Ours is what the pages of a workspace run: one statement for all that is set up in it, with what it has in use, and one
for the rows. All under row-level security, as the plain role; each way must find the same rows.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from bench.database import analyze
from bench.shares import SharedTree, a_shared_tree, leave_two
from bench.table import Row, at_least, at_most, fastest_in_turn, fastest_of, show
from connections import sharing
from connections.models import Connection
from connections.schemas import in_use
from workspaces import isolation
from workspaces.models import Workspace

_SET_AT = 10_000  # where the goal for guardian was set
_TURNS = 5  # for each run that is asked for: these take milliseconds

# What our two steps do in one statement, written by hand, without Django's ORM.
_ONE_STATEMENT = """
    WITH RECURSIVE granted AS (
        SELECT folder_id, connection_id FROM connections_grant
        WHERE tenant_id = %(tenant)s AND (organization_id IS NULL OR organization_id = %(organization)s)
            AND (workspace_id IS NULL OR workspace_id = %(workspace)s)
    ), covered AS (
        SELECT id FROM connections_folder
        WHERE id IN (SELECT folder_id FROM granted) OR (workspace_id = %(workspace)s AND parent_id IS NULL)
        UNION
        SELECT f.id FROM connections_folder f JOIN covered ON f.parent_id = covered.id
    )
    SELECT {columns} FROM connections_connection
    WHERE removed_at IS NULL AND (workspace_id = %(workspace)s OR folder_id {covered} OR id {granted})
    {order}
"""
_FOLDERS, _SINGLE = "SELECT id FROM covered", "SELECT connection_id FROM granted WHERE connection_id IS NOT NULL"
_JOINED = {"covered": f"IN ({_FOLDERS})", "granted": f"IN ({_SINGLE})"}
_ARRAYS = {"covered": f"= ANY(ARRAY({_FOLDERS}))", "granted": f"= ANY(ARRAY({_SINGLE}))"}  # made once: two steps in one
_LIST = {"columns": "id, handle, title", "order": "ORDER BY handle"}
_PAGE = {"columns": "id, handle, title", "order": "ORDER BY handle LIMIT 50"}
_COUNT = {"columns": "count(*)", "order": ""}


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked: of a queryset, and in one statement; ours may take ``limit`` times as long as the bare fetch."""

    name: str
    ask: Callable[[QuerySet[Connection]], object]
    statement: dict[str, str]
    limit: float


_QUESTIONS = (
    _Question("list", lambda nodes: list(_ordered(nodes)), _LIST, 2),
    _Question("page of 50", lambda nodes: list(_ordered(nodes)[:50]), _PAGE, 2),
    _Question("count", lambda nodes: nodes.count(), _COUNT, 2.5),
)


def run(accounts: int, runs: int) -> None:
    """Compare a workspace that sees a tenth of the tree, and one that sees two connections of it."""
    started = time.perf_counter()
    shared = a_shared_tree(accounts)
    print(f"\n{accounts} connections shared, built in {time.perf_counter() - started:.1f} s")
    with isolation.as_tenant(shared.tenant.pk):
        unknown = fastest_of(1, lambda: _listed(_ours(shared.many)))
        _copy_for_guardian()
    analyze()
    with isolation.as_tenant(shared.tenant.pk):
        _compare(shared.many, accounts, runs * _TURNS)
        print(f"  the list right after the import, before any statistics: {unknown * 1000:.1f} ms")
        _compare_with_guardian(shared.many, accounts, runs * _TURNS)
        leave_two(shared)
    analyze()
    with isolation.as_tenant(shared.tenant.pk):
        _compare(shared.few, accounts, runs * _TURNS)
        _ask_about_one(shared)


def _compare(workspace: Workspace, accounts: int, runs: int) -> None:
    ids = [row[0] for row in _listed(_ours(workspace))]
    assert ids == [row[0] for row in _in_one_statement(workspace, _LIST | _ARRAYS)]
    is_sparse = len(ids) < accounts / 1_000

    def bare() -> QuerySet[Connection]:  # the ids as one array: as many parameters take two or three times as long
        return Connection.objects.extra(where=["connections_connection.id = ANY(%s)"], params=[ids])

    for question in _QUESTIONS:
        ask, joined, arrays = question.ask, question.statement | _JOINED, question.statement | _ARRAYS
        with CaptureQueriesContext(connection) as captured:
            ask(_ours(workspace))
        known, found, made_once = fastest_in_turn(
            runs,
            lambda ask=ask: ask(bare()),
            lambda ask=ask: ask(_ours(workspace)),
            lambda arrays=arrays: _in_one_statement(workspace, arrays),
        )
        rows = [
            Row("bare, by ids that are known", known),
            Row("ours", found, f"{len(captured)} queries"),
            Row("one statement with arrays made once", made_once, f"ours takes {found / made_once:.2f} of it"),
        ]
        if is_sparse or question.name == "list":  # where a lot is visible in a large tree, it takes seconds
            one = fastest_of(runs if is_sparse else 1, lambda joined=joined: _in_one_statement(workspace, joined))
            rows.append(Row("one statement with OR", one, f"ours takes {found / one:.3f} of it"))
        what = f"{question.name} of {len(ids):,} of {accounts:,}"
        show(f"A {what} connections", rows)
        at_most(f"{what}, of the bare fetch", found / known, 4 if is_sparse else question.limit)
        at_most(f"{what}, queries", len(captured), 3)
        if is_sparse and accounts > _SET_AT:  # that statement reads the whole tree: a small one is soon read
            at_most(f"{what}, of one statement with OR", found / one, 0.1)


def _compare_with_guardian(workspace: Workspace, accounts: int, runs: int) -> None:
    from bench.guarded import lists  # its models need the settings

    assert _listed(_ours(workspace)) == _listed(lists.visible_to(workspace))
    with CaptureQueriesContext(connection) as captured:
        _listed(lists.visible_to(workspace))
    ours, theirs = fastest_in_turn(
        runs, lambda: _listed(_ours(workspace)), lambda: _listed(lists.visible_to(workspace))
    )
    rows = [Row("ours", ours), Row("guardian's lists, and a walk down the tree", theirs, f"{len(captured)} queries")]
    show(f"A list of {accounts:,} connections by django-guardian", rows)
    if accounts == _SET_AT:
        at_least(f"guardian's list of {accounts:,}, of ours", theirs / ours, 5)


def _copy_for_guardian() -> None:
    from bench.guarded import lists  # its models need the settings

    lists.copy_grants()


def _ask_about_one(shared: SharedTree) -> None:
    nodes = Connection.objects.filter(root=shared.integration.root_folder_id).select_related("folder")
    node = nodes.order_by("id")[0]
    with CaptureQueriesContext(connection) as captured:
        sharing.grants_on(node)
        sharing.inherited_grants(node)
    at_most("who may use one connection, queries", len(captured), 2)


def _ours(workspace: Workspace) -> QuerySet[Connection]:
    return in_use.contents(workspace).visible.connections


def _listed(nodes: QuerySet[Connection]) -> list[tuple[object, ...]]:
    return list(_ordered(nodes))


def _ordered(nodes: QuerySet[Connection]) -> "QuerySet[Connection, tuple[object, ...]]":
    return nodes.order_by("handle").values_list("id", "handle", "title")


def _in_one_statement(workspace: Workspace, parts: dict[str, str]) -> list[tuple[object, ...]]:
    keys = {"tenant": workspace.tenant_id, "organization": workspace.organization_id, "workspace": workspace.pk}
    with connection.cursor() as cursor:
        cursor.execute(_ONE_STATEMENT.format(**parts), keys)
        return cursor.fetchall()
