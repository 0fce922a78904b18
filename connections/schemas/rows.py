"""One schema of a workspace as pages show it, and how many there are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from django.db.models import CharField, Count, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from connections.models import Connection, ConnectionState
from connections.schemas.in_use import IS_USABLE, AddedFolder, Contents
from workspaces.handles import ALL_AWS, IS_SYSTEM_OWNED, PUBLIC, how_to_write
from workspaces.web import remembered

ALL_AWS_FROM: Final = 2  # usable connections
_TEXT: Final = CharField()


@dataclass(slots=True)
class SchemaRow:
    """One schema of a workspace; ``conflict`` says why it cannot be queried under its name, and what to do."""

    kind: Literal["connection", "aggregator", "all_aws"]
    id: int
    name: str
    title: str = ""
    source_id: str = ""
    state: str = ""
    organization_id: int | None = None
    workspace_id: int | None = None
    owner: str = ""
    path: str = ""
    managed_by: str = ""
    patterns: Sequence[str] = ()
    is_added_itself: bool = False
    folder: AddedFolder | None = None
    conflict: str = ""

    @property
    def why_disabled(self) -> str:
        return ConnectionState(self.state).why_disabled if self.state else ""

    @property
    def how_to_write(self) -> str:
        return how_to_write(self.name)

    @property
    def state_label(self) -> str:
        return ConnectionState(self.state).label if self.state else ""


@dataclass(frozen=True, slots=True)
class Totals:
    """How many schemas a workspace has; ``usable_aws`` are names of AWS connections that can be used."""

    connections: int
    disabled: int
    usable_aws: int
    conflicts: int

    @property
    def usable(self) -> int:
        return self.connections - self.disabled

    @property
    def has_all_aws(self) -> bool:
        return self.usable_aws >= ALL_AWS_FROM


def totals(inside: Contents) -> Totals:
    """Count what is in use, in two statements; of connections that share a name all but one are conflicts."""
    own = [PUBLIC, *(aggregator.handle for aggregator in inside.aggregators)]
    is_taken = Q(handle__in=own) | IS_SYSTEM_OWNED
    numbers = inside.numbers()
    all_, usable_aws = _sum(numbers), _sum(each for each in numbers if each[:2] == ("aws", ConnectionState.ACTIVE))
    disabled = _sum(each for each in numbers if each[1] != ConnectionState.ACTIVE)
    if inside.has_one_scope:
        names, some = all_, inside.connections.filter(is_taken | Q(handle=ALL_AWS))
        found = remembered.numbers(
            some, clashing=Count("id", filter=is_taken), like_all_aws=Count("id", filter=Q(handle=ALL_AWS))
        )
    else:
        found = remembered.numbers(
            inside.connections,
            usable_aws=Count("handle", distinct=True, filter=Q(plugin="aws") & IS_USABLE),
            names=Count("handle", distinct=True),
            clashing=Count("handle", distinct=True, filter=is_taken),
            like_all_aws=Count("handle", distinct=True, filter=Q(handle=ALL_AWS)),
        )
        names, usable_aws = found["names"], found["usable_aws"]
    clashing = found["clashing"] + (found["like_all_aws"] if usable_aws >= ALL_AWS_FROM else 0)
    return Totals(all_, disabled, usable_aws, all_ - names + clashing)


def _sum(numbers: Iterable[tuple[str, str, int]]) -> int:
    return sum(number for _, _, number in numbers)


def with_place(connections: QuerySet[Connection]) -> QuerySet[Connection]:
    path = Coalesce("folder__path", Value(""), output_field=_TEXT)
    manager = Coalesce("root__managed_by", Value(""), output_field=_TEXT)
    owner = Coalesce("workspace__handle", "organization__handle", "tenant__handle", output_field=_TEXT)
    return connections.annotate(path=path, manager=manager, owner=owner)
