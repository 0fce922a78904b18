"""What holds for any two snapshots of any AWS organization, whatever handles people and other nodes have."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Literal, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.planning.handles import dynamic_handle
from integrations.planning.reconcile import Held, Taken, Tree, plan
from integrations.planning.snapshot import AccountState, Snapshot
from tests.integrations.planning.trees import (
    UNREAD,
    applied,
    handles,
    seen,
    snapshots,
    synced,
    takens,
    told,
    with_static_handles,
)
from workspaces.handles import RESERVED_SCHEMAS

T = TypeVar("T")
HANDLE = re.compile(r"[a-z][a-z0-9_]{0,62}")
KINDS: tuple[Literal["folder", "connection"], ...] = ("folder", "connection")
prefixes = st.sampled_from(["", "aws_", "p" * 40])


def nodes(tree: Tree, kind: str) -> tuple[Held, ...]:
    return tree.folders if kind == "folder" else tree.connections


def taken_by_others(taken: Taken, kind: str) -> frozenset[str]:
    return taken.folders if kind == "folder" else taken.connections.union(RESERVED_SCHEMAS)


def prefix_of(tree: Tree, kind: str) -> str:
    return tree.handle_prefix if kind == "connection" else ""


@st.composite
def two_steps(draw: st.DrawFn) -> tuple[Tree, Snapshot, Taken]:
    """A tree with a past (removed nodes and static handles among its own), the next snapshot, and others' handles."""
    tree, taken = replace(UNREAD, handle_prefix=draw(prefixes)), draw(takens)
    for step in draw(st.lists(snapshots(), max_size=2)):
        tree = synced(tree, step, taken=taken)
        tree = draw(with_static_handles(tree, taken))
    return tree, draw(snapshots()), taken


@given(two_steps())
def test_applying_the_plan_gives_the_tree_of_the_snapshot(case: tuple[Tree, Snapshot, Taken]) -> None:
    before, snapshot, taken = case
    after = applied(plan(before, snapshot, taken), before)
    assert seen(after) == told(snapshot)
    assert plan(after, snapshot, taken).is_empty


@given(two_steps())
def test_nodes_keep_their_ids_and_nothing_is_ever_deleted(case: tuple[Tree, Snapshot, Taken]) -> None:
    before, snapshot, taken = case
    after = applied(plan(before, snapshot, taken), before)
    for kind in KINDS:
        ids_after = {node.source_id: node.id for node in nodes(after, kind)}
        top_id = snapshot.root.source_id
        assert all(ids_after[node.source_id or top_id] == node.id for node in nodes(before, kind))
        assert len(set(ids_after.values())) == len(nodes(after, kind))


@given(two_steps())
def test_handles_are_well_formed_and_unique_in_their_scope(case: tuple[Tree, Snapshot, Taken]) -> None:
    before, snapshot, taken = case
    after = applied(plan(before, snapshot, taken), before)
    for kind in KINDS:
        held = [node.handle for node in nodes(after, kind)]
        assert all(HANDLE.fullmatch(handle) for handle in held)
        assert len(set(held)) == len(held)
        assert not taken_by_others(taken, kind) & set(held)


@given(two_steps())
def test_a_handle_changes_only_when_the_name_gives_another_slug(case: tuple[Tree, Snapshot, Taken]) -> None:
    before, snapshot, taken = case
    after = applied(plan(before, snapshot, taken), before)
    for kind, old, new in changed(before, after):
        wishes = {
            dynamic_handle(kind, node.title, node.source_id or snapshot.root.source_id, prefix_of(before, kind))
            for node in (old, new)
        }
        assert not old.is_handle_static
        assert not new.is_removed
        assert len(wishes) == 2


@given(two_steps())
def test_a_suffix_is_given_only_where_the_bare_handle_belongs_to_somebody_else(
    case: tuple[Tree, Snapshot, Taken],
) -> None:
    before, snapshot, taken = case
    planned = plan(before, snapshot, taken)
    after = applied(planned, before)
    for kind in KINDS:
        side = planned.folders if kind == "folder" else planned.connections
        owners = {node.handle for node in nodes(after, kind)} | taken_by_others(taken, kind)
        for creation in side.creations:
            wanted = creation.wanted
            bare = dynamic_handle(kind, wanted.title, wanted.source_id, prefix_of(before, kind))
            assert bare in owners
            own_id = wanted.source_id.rpartition("-")[2]
            assert creation.handle == bare or f"_{own_id}" in creation.handle


@given(snapshots(), prefixes)
def test_on_the_first_import_the_earliest_gets_the_bare_handle(snapshot: Snapshot, prefix: str) -> None:
    got = handles(synced(replace(UNREAD, handle_prefix=prefix), snapshot).connections)
    groups: dict[str, list[tuple[datetime, str]]] = {}
    for account in snapshot.accounts:
        if account.state is not AccountState.CLOSED:
            bare = dynamic_handle("connection", account.name, account.source_id, prefix)
            groups.setdefault(bare, []).append((account.joined_at, account.source_id))
    suffixed = {handle for source_id, handle in got.items() if handle.endswith(f"_{source_id}")}
    for bare, group in groups.items():
        _, first = min(group)
        assert got[first] == bare or bare in suffixed or bare in RESERVED_SCHEMAS


@given(two_steps(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_come_decides_nothing(case: tuple[Tree, Snapshot, Taken], random: Random) -> None:
    before, snapshot, taken = case
    shuffled = replace(before, folders=mixed(before.folders, random), connections=mixed(before.connections, random))
    other = replace(snapshot, accounts=mixed(snapshot.accounts, random))
    one, two = plan(before, snapshot, taken), plan(shuffled, other, taken)
    for side, same in ((one.folders, two.folders), (one.connections, two.connections)):
        assert set(side.creations) == set(same.creations)
        assert set(side.updates) == set(same.updates)
        assert set(side.removals) == set(same.removals)


@given(snapshots(), snapshots())
@settings(max_examples=50)
def test_what_left_and_returns_unchanged_has_its_old_id_and_handle(first: Snapshot, second: Snapshot) -> None:
    tree = synced(UNREAD, first)
    returned = synced(tree, second, first)
    before, after = (
        {node.source_id: node for node in it.connections if not node.is_removed} for it in (tree, returned)
    )
    for source_id, node in before.items():
        assert after[source_id].id == node.id
        if source_id not in told(second):
            assert after[source_id] == node


def changed(before: Tree, after: Tree) -> Iterator[tuple[Literal["folder", "connection"], Held, Held]]:
    for kind in KINDS:
        new = {node.id: node for node in nodes(after, kind)}
        for node in nodes(before, kind):
            if new[node.id].handle != node.handle:
                yield kind, node, new[node.id]


def mixed(items: tuple[T, ...], random: Random) -> tuple[T, ...]:
    return tuple(random.sample(items, len(items)))
