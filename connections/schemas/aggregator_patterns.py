"""What the patterns of aggregators match, and what of it they unite: what can be used."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from connections.models import Connection
from connections.schemas.in_use import IS_USABLE, Contents
from workspaces.web import remembered


def _named_by(patterns: Iterable[str]) -> Q:
    """Write patterns, in which ``*`` is any characters or none, for LIKE; a regular expression is far slower."""
    return Q(handle__like_any=[re.sub(r"\*+", "%", pattern.replace("_", r"\_")) for pattern in patterns])


def matching(inside: Contents, patterns: Iterable[str]) -> QuerySet[Connection]:
    """Find the connections in use that the patterns name, those in conflict and disabled ones included."""
    return inside.connections.filter(_named_by(patterns))


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
    """Count what each of these lists of patterns matches now, in one statement."""
    if not patterns:
        return []
    each, may_repeat = {}, not inside.has_one_scope
    for at, some in enumerate(patterns):
        each[f"n{at}"] = Count("handle", distinct=may_repeat, filter=_named_by(some))
        each[f"u{at}"] = Count("handle", distinct=may_repeat, filter=_named_by(some) & IS_USABLE)
    found = remembered.numbers(inside.connections, **each)
    return [Matches(found[f"n{at}"], found[f"u{at}"]) for at in range(len(patterns))]


def matches_now(inside: Contents, patterns: Sequence[str]) -> str:
    """Say what the patterns match now, and which of them match nothing today; in one statement."""
    if not patterns:
        return ""
    together, *each = count_matches(inside, [patterns, *([pattern] for pattern in patterns)])
    nothing = [pattern for pattern, found in zip(patterns, each, strict=True) if not found.total]
    listed = ", ".join(f"“{pattern}”" for pattern in nothing[:5]) + (" and others" if len(nothing) > 5 else "")
    what = f"{listed} match{'es' if len(nothing) == 1 else ''} nothing today." if nothing else ""
    return f"Matches {together.words}. {what}".strip() if together.total else what
