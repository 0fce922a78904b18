"""Finding accounts and OUs in the tree somebody chooses from, each with the OUs above it.

Pure, as the outline is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from integrations.planning.selection_tree import Choice, Outline
from workspaces.wording.names import id_in_arn


@dataclass(frozen=True, slots=True)
class Match:
    """What was found, and the ids of the OUs above it from the root down."""

    choice: Choice
    above: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """One row of what is shown: something found (``is_match``), or an OU above it."""

    choice: Choice
    is_match: bool
    inside: list["Branch"] = field(default_factory=list)


def find(outline: Outline, text: str) -> list[Match]:
    """List what has a text in its name or id, in the order of the tree: the OUs of an OU first, each by name."""
    root = outline.snapshot.root
    found = _found_ids(outline, text)
    top = [Match(outline.folder(root.source_id), ())] if root.source_id in found else []
    return [*top, *_inside(outline, (root.source_id,), found, _holders(outline, found))]


def branches(outline: Outline, matches: Sequence[Match]) -> list[Branch]:
    """Put a part of what was found into the tree again; each OU above it is there once."""
    found = {match.choice.source_id: match.choice for match in matches}
    root = outline.snapshot.root.source_id
    known = {root: Branch(outline.folder(root), root in found)}
    for match in matches:
        for above, below in pairwise((*match.above, match.choice.source_id)):
            if below not in known:
                known[below] = Branch(found.get(below) or outline.folder(below), below in found)
                known[above].inside.append(known[below])
    return [known[root]] if matches else []


def _found_ids(outline: Outline, text: str) -> set[str]:
    if text.startswith("arn:"):
        there = {folder.source_id for folder in outline.snapshot.folders}
        return {id_in_arn(text)} & (there | {account.source_id for account in outline.snapshot.accounts})
    wanted = text.casefold()
    digits = wanted.replace("-", "")  # the AWS console writes account ids as 1234-5678-9012
    in_id = digits if digits.isascii() and digits.isdecimal() else wanted
    names = {folder.source_id: folder.name for folder in outline.snapshot.folders}
    names |= {account.source_id: account.name for account in outline.snapshot.accounts}
    return {source_id for source_id, name in names.items() if wanted in name.casefold() or in_id in source_id}


def _holders(outline: Outline, found: set[str]) -> set[str]:
    """The OUs that have something found in them, at any depth."""
    holders = {account.parent_id for account in outline.snapshot.accounts if account.source_id in found}
    for folder in reversed(outline.snapshot.folders):  # parents come before their children
        if folder.parent_id and (folder.source_id in found or folder.source_id in holders):
            holders.add(folder.parent_id)
    return holders


def _inside(outline: Outline, line: tuple[str, ...], found: set[str], holders: set[str]) -> Iterator[Match]:
    for choice in outline.inside(line[-1]):
        if choice.source_id in found:
            yield Match(choice, line)
        if choice.source_id in holders:
            yield from _inside(outline, (*line, choice.source_id), found, holders)
