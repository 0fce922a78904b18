"""What is found in any AWS organization, and what is shown around it."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from integrations.planning.selection import Selection
from integrations.planning.selection_search import Branch, branches, find
from integrations.planning.selection_tree import Choice, Outline
from integrations.planning.snapshot import Snapshot
from tests.integrations.planning.trees import ACCOUNT_IDS, FOLDER_IDS, account, snapshot, snapshots, unit


def rows(found: list[Branch]) -> Iterator[Choice]:
    """All rows that are shown, from the top down."""
    for branch in found:
        yield branch.choice
        yield from rows(branch.inside)


def names(found: list[Branch], depth: int = 0) -> list[str]:
    return [line for one in found for line in (f"{'  ' * depth}{one.choice.name}", *names(one.inside, depth + 1))]


def made() -> Outline:
    units = unit(0, "Workloads"), unit(1, "Production", FOLDER_IDS[0])
    accounts = account(1, "web-prod", FOLDER_IDS[1]), account(2, "web-dev", FOLDER_IDS[0]), account(3, "Billing")
    return Outline(snapshot(units, accounts), Selection())


def test_names_and_ids_are_found_with_what_is_above_them() -> None:
    outline = made()
    web = ["Root", "  Workloads", "    Production", "      web-prod", "    web-dev"]
    assert names(branches(outline, find(outline, "WEB"))) == web
    assert names(branches(outline, find(outline, "prod"))) == web[:-1]
    assert names(branches(outline, find(outline, "2222-2222-2222"))) == web[:-1]
    assert names(branches(outline, find(outline, FOLDER_IDS[0]))) == web[:2]
    assert names(branches(outline, find(outline, "root"))) == ["Root"]
    assert branches(outline, find(outline, "nothing")) == []
    assert names(branches(outline, find(outline, "arn:aws:iam::222222222222:role/x"))) == web[:-1]
    assert names(branches(outline, find(outline, f"arn:aws:organizations::1:ou/o-x/{FOLDER_IDS[0]}"))) == web[:2]
    assert branches(outline, find(outline, "arn:")) == []


def test_an_ou_above_a_match_is_no_match() -> None:
    outline = made()
    assert [match.choice.name for match in find(outline, "web")] == ["web-prod", "web-dev"]
    assert [match.choice.name for match in find(outline, "prod")] == ["Production", "web-prod"]
    (top,) = branches(outline, find(outline, "prod"))
    assert [(top.is_match, one.is_match, one.inside[0].is_match) for one in top.inside] == [(False, False, True)]


@given(snapshots(), st.sampled_from(["", "a", "1", "ou", *ACCOUNT_IDS[:2]]), st.integers(1, 4))
def test_each_part_shows_its_matches_once_and_the_ous_above_them(whole: Snapshot, text: str, size: int) -> None:
    outline = Outline(whole, Selection())
    names = {folder.source_id: folder.name for folder in whole.folders}
    names |= {account.source_id: account.name for account in whole.accounts}
    found = find(outline, text)
    wanted = [source_id for source_id, name in names.items() if text in name.casefold() or text in source_id]
    assert sorted(match.choice.source_id for match in found) == sorted(wanted)
    for start in range(0, len(found), size):
        part = found[start : start + size]
        shown = [choice.source_id for choice in rows(branches(outline, part))]
        lines = [[each.source_id for each in outline.line(match.choice.source_id)] for match in part]
        expected = {above for line in lines for above in line} | {match.choice.source_id for match in part}
        assert sorted(shown) == sorted(expected)
