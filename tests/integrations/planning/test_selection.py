"""What is left of any AWS organization by any choice, and what ticking does to a choice."""

import json
import zlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from integrations.models.settings import default_selection
from integrations.planning.selection import ROOT, Selection, forget, select, tick, ticked_accounts, unknown
from integrations.planning.selection_tree import Outline, facts_of
from integrations.planning.snapshot import AccountState, Snapshot, pack, unpack
from tests.integrations.planning.trees import ACCOUNT_IDS, FOLDER_IDS, ROOT_ID, account, snapshot, snapshots, unit

EVERYTHING = Selection()
NOTHING = Selection(frozenset(), frozenset({ROOT}))


_marked = st.lists(st.sampled_from([*FOLDER_IDS, *ACCOUNT_IDS, "ou-gone", "999999999999"]), unique=True)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """Any choice, with marks on what is not there too."""
    ids = draw(_marked)
    marks = {key: draw(st.booleans()) for key in ids} | {ROOT: draw(st.booleans())}
    included = frozenset(key for key, is_ticked in marks.items() if is_ticked)
    return Selection(included, frozenset(marks) - included)


def ids(of: Snapshot) -> set[str]:
    return {folder.source_id for folder in of.folders} | {one.source_id for one in of.accounts}


@given(snapshots())
def test_everything_leaves_all(whole: Snapshot) -> None:
    assert select(whole, EVERYTHING) == select(whole, Selection.of(default_selection())) == whole
    assert select(whole, Selection(frozenset({ROOT, *FOLDER_IDS}), frozenset({"ou-gone"}))) == whole


@given(snapshots(), selections())
def test_what_is_left_is_a_tree_with_the_root(whole: Snapshot, selection: Selection) -> None:
    left = select(whole, selection)
    assert left.root == whole.root
    seen: set[str | None] = {None}
    for folder in left.folders:
        assert folder.parent_id in seen
        seen.add(folder.source_id)
    assert {one.parent_id for one in left.accounts} <= seen
    assert set(left.folders) <= set(whole.folders)
    assert set(left.accounts) <= set(whole.accounts)


@given(snapshots(), selections())
def test_selecting_twice_is_selecting_once(whole: Snapshot, selection: Selection) -> None:
    left = select(whole, selection)
    assert select(left, selection) == left


@given(snapshots(), selections(), st.randoms())
def test_the_order_of_ids_and_accounts_means_nothing(whole: Snapshot, selection: Selection, random: object) -> None:
    accounts = list(whole.accounts)
    random.shuffle(accounts)  # type: ignore[attr-defined]
    stored = {name: kept[::-1] for name, kept in selection.stored.items()}
    assert ids(select(replace(whole, accounts=tuple(accounts)), Selection.of(stored))) == ids(select(whole, selection))


@given(snapshots(), selections())
def test_the_nearest_mark_decides(whole: Snapshot, selection: Selection) -> None:
    parents: dict[str, str | None] = {folder.source_id: folder.parent_id for folder in whole.folders}
    left = {one.source_id for one in select(whole, selection).accounts}
    for one in whole.accounts:
        at, parents[one.source_id] = one.source_id, one.parent_id
        while at not in selection.marks and at != ROOT_ID:
            at = parents[at] or ""
        is_ticked = selection.marks[ROOT if at == ROOT_ID else at]
        if one.state is AccountState.CLOSED:  # it is not mirrored in any case
            assert is_ticked or one.source_id not in left
        else:
            assert (one.source_id in left) is is_ticked


@given(snapshots(), selections())
def test_an_account_that_was_ticked_by_itself_stays_wherever_it_moves(whole: Snapshot, selection: Selection) -> None:
    for one in whole.accounts:
        if one.source_id in selection.include and one.state is not AccountState.CLOSED:
            for folder in whole.folders:
                moved = tuple(
                    replace(other, parent_id=folder.source_id) if other == one else other for other in whole.accounts
                )
                assert one.source_id in ids(select(replace(whole, accounts=moved), selection))


@given(snapshots(), selections(), st.data())
def test_ticking_decides_on_all_that_is_inside_and_on_nothing_else(
    whole: Snapshot, selection: Selection, data: st.DataObject
) -> None:
    source_id, is_ticked = data.draw(st.sampled_from(sorted(ids(whole)))), data.draw(st.booleans())
    after = tick(whole, selection, source_id, is_ticked=is_ticked)
    node = Outline(whole, after).node(source_id)
    assert node is not None
    assert node.tick == str(is_ticked).lower()
    inside = {one.source_id for one in whole.accounts if source_id in _line(whole, one.source_id)}
    before = ticked_accounts(whole, selection)
    assert ticked_accounts(whole, after) == before | dict.fromkeys(inside, is_ticked)
    assert tick(whole, after, source_id, is_ticked=is_ticked) == after
    assert not after.include & after.exclude


def _line(whole: Snapshot, source_id: str) -> set[str]:
    return {source_id} | {choice.source_id for choice in Outline(whole, EVERYTHING).line(source_id)}


@given(snapshots(), selections())
def test_what_is_not_there_any_more_changes_nothing_and_can_be_forgotten(whole: Snapshot, selection: Selection) -> None:
    gone = unknown(whole, selection)
    assert not set(gone) & (ids(whole) | {ROOT})
    less = forget(selection, gone)
    assert select(whole, less) == select(whole, selection)
    assert unknown(whole, less) == []
    assert tick(whole, selection, "ou-gone", is_ticked=False) == selection


@given(snapshots(), selections())
def test_the_counts_are_those_of_what_is_left(whole: Snapshot, selection: Selection) -> None:
    outline = Outline(whole, selection)
    left = [one for one in select(whole, selection).accounts if one.state is not AccountState.CLOSED]
    assert outline.facts.mirrored == outline.folder(ROOT_ID).mirrored == len(left)
    assert facts_of(whole, selection) == outline.facts
    assert facts_of(whole, EVERYTHING) == Outline(whole, EVERYTHING).facts
    for folder in whole.folders:
        choice, inside = outline.folder(folder.source_id), outline.inside(folder.source_id)
        counted = [each for each in inside if not each.is_closed]
        assert choice.accounts == sum(each.accounts for each in counted)
        assert choice.mirrored == sum(each.mirrored for each in counted)
        if choice.tick != "mixed":
            assert {each.tick for each in counted} <= {choice.tick}
            assert choice.mirrored == (choice.accounts if choice.tick == "true" else 0)


@given(snapshots(), selections())
def test_a_choice_is_stored_and_read_again(whole: Snapshot, selection: Selection) -> None:
    assert Selection.of(selection.stored) == selection
    assert unpack(pack(whole)) == whole


@given(snapshots())
def test_a_snapshot_of_the_version_before_is_read_without_emails_and_that_version_reads_ours(whole: Snapshot) -> None:
    stored = json.loads(zlib.decompress(pack(whole)))
    assert not any("email" in account for account in stored["accounts"])  # it would not know what that is
    del stored["emails"]
    without = tuple(replace(account, email="") for account in whole.accounts)
    assert unpack(zlib.compress(json.dumps(stored).encode())) == replace(whole, accounts=without)


def test_an_account_in_an_unticked_unit_keeps_the_units_above_it() -> None:
    whole = snapshot(
        [unit(0, "Sandbox"), unit(1, "Team", FOLDER_IDS[0]), unit(2, "Empty", FOLDER_IDS[0])],
        [account(0, "Mine", FOLDER_IDS[1]), account(1, "Other", FOLDER_IDS[1]), account(2, "Top")],
    )
    without = tick(whole, EVERYTHING, FOLDER_IDS[0], is_ticked=False)
    mine = tick(whole, without, ACCOUNT_IDS[0], is_ticked=True)
    assert ids(select(whole, without)) == {ROOT_ID, ACCOUNT_IDS[2]}
    assert ids(select(whole, mine)) == {ROOT_ID, FOLDER_IDS[0], FOLDER_IDS[1], ACCOUNT_IDS[0], ACCOUNT_IDS[2]}
    assert mine.stored == {"include": [ACCOUNT_IDS[0], ROOT], "exclude": [FOLDER_IDS[0]]}
    assert tick(whole, mine, FOLDER_IDS[0], is_ticked=True) == EVERYTHING


def test_it_is_said_in_words() -> None:
    whole = snapshot(
        [unit(0, "Sandbox"), unit(1, "Prod")],
        [account(0, "A", FOLDER_IDS[0]), account(1, "B", FOLDER_IDS[1]), account(2, "C", FOLDER_IDS[1])],
    )

    def words(include: set[str], exclude: set[str]) -> str:
        return Outline(whole, Selection(frozenset(include), frozenset(exclude))).words

    sandbox, prod, a, b = FOLDER_IDS[0], FOLDER_IDS[1], ACCOUNT_IDS[0], ACCOUNT_IDS[1]
    assert words({ROOT}, set()) == "All accounts, now and later."
    assert words({ROOT}, {sandbox}) == "All accounts, now and later, but for OU Sandbox (1 account)."
    assert words({ROOT, a}, {prod, sandbox}) == (
        "All accounts, now and later, but for OU Prod (2 accounts) and OU Sandbox (1 account)."
        f" Mirrored nevertheless: account A ({a})."
    )
    assert words({prod, a}, {ROOT, b}) == (
        f"Only OU Prod (2 accounts), now and later, and account A ({a}), but for account B ({b})."
    )
    assert words({a}, {ROOT}) == f"Only account A ({a})."
    assert words(set(), {ROOT}) == "No account at all."
    assert words({ROOT}, {"ou-gone", "999999999999"}) == (
        "All accounts, now and later, but for OU ou-gone and account 999999999999."
    )
    assert words({ROOT}, {f"ou-{n}" for n in range(9)}).endswith("OU ou-4 and 4 more.")
