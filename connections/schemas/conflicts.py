"""Where two schemas of a workspace want one name, or one wants a name that none can have.

Handles are unique per scope only: the earlier one has the name, the later one is shown as a conflict.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db.models import Count, Q

from connections.schemas.in_use import Contents
from connections.schemas.rows import SchemaRow, Totals, totals, with_place
from workspaces.handles import ALL_AWS, IS_SYSTEM_OWNED, PUBLIC, why_system_owned
from workspaces.web import remembered

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


def contested(inside: Contents, total: Totals) -> Q:
    """Find the connections in use whose name another schema wants too, or none can have."""
    own = [PUBLIC, *(aggregator.handle for aggregator in inside.aggregators)]
    own += [ALL_AWS] if total.has_all_aws else []
    twice = inside.connections.values("handle").annotate(number=Count("id")).filter(number__gt=1).values("handle")
    return Q(handle__in=own) | Q(handle__in=twice) | IS_SYSTEM_OWNED


@dataclass(frozen=True, slots=True)
class _Claim:
    """Something that wants a name: built in (``_ALWAYS``), or since it was made or added."""

    since: datetime
    kind: str
    id: int
    words: str


def mark_conflicts(inside: Contents, rows: Iterable[SchemaRow]) -> None:
    """Say of each row that does not have its name who has it and what to do, in one statement, or two for all_aws."""
    shown = [row for row in rows if row.kind != "all_aws"]
    names = {row.name for row in shown}
    if not names:
        return
    claims = _claims(inside, names)
    for row in shown:
        if why := why_system_owned(row.name):
            row.conflict = f"{why} {_REMEDY_SYSTEM}"
            continue
        first = min(claims[row.name], key=lambda claim: (claim.since, claim.kind, claim.id), default=None)
        if first and (first.kind, first.id) != (row.kind, row.id):
            row.conflict = f"The name {row.name} is taken by {first.words}. {_REMEDY[row.kind]}"


_REMEDY_SYSTEM = "Its owner can give it another handle; queries do not find it until then."
_REMEDY = {
    "connection": "Remove one of the two from the schema, or give one of them another handle.",
    "aggregator": "Give this aggregator another handle, or remove the connection from the schema.",
}


def _claims(inside: Contents, names: set[str]) -> dict[str, list[_Claim]]:
    claims: dict[str, list[_Claim]] = {name: [] for name in names}
    built_in = names & {PUBLIC, ALL_AWS}
    if ALL_AWS in built_in and not totals(inside).has_all_aws:
        built_in.remove(ALL_AWS)
    for name in built_in:
        claims[name].append(_Claim(_ALWAYS, name, 0, "the schema that every workspace has by itself"))
    for aggregator in inside.aggregators:
        if aggregator.handle in names:
            words = "an aggregator that was made earlier"
            claims[aggregator.handle].append(_Claim(aggregator.created_at, "aggregator", aggregator.pk, words))
    columns = ("id", "handle", "path", "organization_id", "workspace_id", "created_at")
    found = with_place(inside.connections.filter(handle__in=sorted(names))).values_list(*columns)
    for pk, name, path, organization, space, created_at in remembered.found(found):
        level = "workspace" if space else "organization" if organization else "tenant"
        words = f"a connection of the {level} that was added earlier"
        since = max(inside.in_use_since(pk, path), created_at)  # what came into an added folder later is later
        claims[name].append(_Claim(since, "connection", pk, words))
    return claims
