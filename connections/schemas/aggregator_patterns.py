"""What the patterns of aggregators match, and what of it they unite: what can be used."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from django.db.models import Count, Q, QuerySet

from connections.models import Connection, ConnectionState
from connections.schemas.in_use import IS_USABLE, Contents
from workspaces.handles import begins
from workspaces.web import remembered


def named_by(patterns: Iterable[str]) -> Q:
    """Write patterns, in which ``*`` is any characters or none.

    What stands before the first ``*`` is looked up by index; for the rest there is LIKE, for a regular expression is
    far slower.
    """
    named = Q()
    for pattern in patterns:
        start, star, rest = pattern.partition("*")
        is_it = begins(start) if star and start else Q(handle=pattern) if not star else Q()
        if rest.strip("*") or not start:
            is_it &= Q(handle__like_any=[re.sub(r"\*+", "%", pattern.replace("_", r"\_"))])
        named |= is_it
    return named


def is_named_by(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def matching(inside: Contents, patterns: Iterable[str], number: int = 0) -> QuerySet[Connection]:
    """Find the connections in use that the patterns name, those in conflict and disabled ones included.

    ``number`` is how many they are, where that is known.
    """
    return inside.ordered(number).filter(named_by(patterns))


@dataclass(frozen=True, slots=True)
class Matches:
    """How many connections in use patterns match, and how many of them can be used: those are united."""

    total: int
    usable: int

    @property
    def words(self) -> str:
        count = f"{self.total:,} connection" + ("" if self.total == 1 else "s")
        if self.total == self.usable:
            return count
        if not self.usable:
            return f"{count}, disabled" if self.total == 1 else f"{count}, all of them disabled"
        return f"{count}, {self.total - self.usable:,} of them disabled"


def count_matches(inside: Contents, patterns: Sequence[Sequence[str]]) -> list[Matches]:
    """Count what each of these lists of patterns matches now, in two statements."""
    found, asked = list[Matches | None](), dict[str, Count]()
    may_repeat, everything = not inside.has_one_scope, Matches(0, 0)
    if not may_repeat and any(map(is_everything, patterns)):
        numbers = inside.numbers()
        usable = sum(number for _, state, number in numbers if state == ConnectionState.ACTIVE)
        everything = Matches(sum(number for _, _, number in numbers), usable)
    for at, some in enumerate(patterns):
        is_known = not may_repeat and is_everything(some)
        found.append(everything if is_known else None)
        if not is_known:
            asked[f"n{at}"] = Count("handle", distinct=may_repeat, filter=named_by(some))
            asked[f"u{at}"] = Count("handle", distinct=may_repeat, filter=named_by(some) & IS_USABLE)
    any_of_them = [pattern for some, known in zip(patterns, found, strict=True) if known is None for pattern in some]
    counted = remembered.numbers(inside.by_folder.filter(named_by(any_of_them)), **asked) if asked else {}
    return [known or Matches(counted[f"n{at}"], counted[f"u{at}"]) for at, known in enumerate(found)]


def is_everything(patterns: Sequence[str]) -> bool:
    return any(not pattern.strip("*") for pattern in patterns)


def matches_now(inside: Contents, patterns: Sequence[str]) -> str:
    """Say what the patterns match now, and which of them match nothing today; in one statement."""
    if not patterns:
        return ""
    together, *each = count_matches(inside, [patterns, *([pattern] for pattern in patterns)])
    nothing = [pattern for pattern, found in zip(patterns, each, strict=True) if not found.total]
    listed = ", ".join(f"“{pattern}”" for pattern in nothing[:5]) + (" and others" if len(nothing) > 5 else "")
    what = f"{listed} match{'es' if len(nothing) == 1 else ''} nothing today." if nothing else ""
    return f"Matches {together.words}. {what}".strip() if together.total else what
