"""What of a tree lies in OUs that have a text, and what is queried in a region: read from the folders, in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from django.db.models import BooleanField, Case, F, Func, Q, QuerySet, Value, When

from connections.models import Folder
from connections.tree import ids_on
from connections.tree_listing import matches

_REGIONS = "regions"


class _IsAmong(Func):
    """Whether a region is among the regions of options, of which each may be a pattern."""

    template = f"""
        EXISTS (SELECT FROM json_build_array(%(expressions)s) given, jsonb_array_elements_text(
            given::jsonb -> 0 -> '{_REGIONS}'
        ) pattern WHERE given ->> 1 LIKE translate(pattern, '*?', '%%%%_'))
    """
    output_field = BooleanField()


@dataclass(frozen=True, slots=True)
class Branches:
    """The folders of a tree: the line down to each, those with the text, and the regions that are set on them."""

    lines: Sequence[Sequence[int]]
    hits: frozenset[int]
    set_on: dict[int, Sequence[str]]

    @classmethod
    def of(cls, folders: QuerySet[Folder], text: str) -> "Branches":
        """Read them in one statement. What a mirror begins with is known by Django's name for what keeps it true."""
        hit = Case(When(matches(text), then=Value(True)), default=Value(False), output_field=BooleanField())
        columns = ("pk", "path", "hit", "options__regions", "integration__options__regions")
        rows = list(folders.annotate(hit=hit).values_list(*columns))
        return cls(
            [ids_on(path) for _, path, *_ in rows],
            frozenset(pk for pk, _, is_hit, *_ in rows if is_hit),
            {pk: own or start for pk, *_, own, start in rows if own or start},
        )

    @property
    def inside(self) -> list[int]:
        """The folders that have the text, and all below them."""
        return [line[-1] for line in self.lines if not self.hits.isdisjoint(line)]

    def in_region(self, region: str) -> Q:
        """Make the condition that a region is among those of a connection: its own, else those nearest above it.

        Where nothing is set, all regions are queried.
        """
        is_in = {pk: _has(patterns, region) for pk, patterns in self.set_on.items()}
        without = [
            line[-1] for line in self.lines if not next((is_in[pk] for pk in reversed(line) if pk in is_in), True)
        ]
        is_inherited = ~Q(options__has_key=_REGIONS) & (Q(folder=None) | ~Q(folder_id__in=without))
        return Q(_IsAmong(F("options"), Value(region))) | is_inherited


def _has(patterns: Sequence[str], region: str) -> bool:
    return any(fnmatchcase(region, pattern) for pattern in patterns)
