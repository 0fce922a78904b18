"""What pages say of the connections below folders, and of a mirror, in numbers: sums of tallies."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Subquery, Sum

from connections.models import Connection, ConnectionState, Folder, Health, Tally
from workspaces.web import remembered

# A subtree is a range of paths: from its own up to the same with "0" (the character after "/") at its end, worked out
# before the join, which uses the index under row-level security only so. Of the connections only the tallies are read.
_COUNT_BELOW = """
    WITH top AS MATERIALIZED (
        SELECT id, path, rtrim(path, '/') || '0' AS path_end FROM connections_folder WHERE id = ANY(%s)
    ), inside AS MATERIALIZED (
        SELECT top.id AS top_id, below.id FROM top
        JOIN connections_folder below ON below.path >= top.path AND below.path < top.path_end
        WHERE below.removed_at IS NULL
    )
    SELECT top_id, state, health, sum(number)::bigint FROM (
        SELECT top_id, '' AS state, '' AS health, count(*) - 1 AS number FROM inside GROUP BY top_id
        UNION ALL
        SELECT top_id, state, health, number FROM inside JOIN connections_tally t ON t.folder_id = inside.id
    ) AS each GROUP BY top_id, state, health
"""
# What a folder says of the connections below it: the word for each kind of trouble, and what a list of these is asked.
_FAILING = ("failing", "health=failing")
_DISABLED = {
    state.value: (state.label.lower(), f"state={state.value}") for state in ConnectionState if state.why_disabled
}
_TROUBLES = (_FAILING, *_DISABLED.values())


@dataclass(frozen=True, slots=True)
class HealthCounts:
    """How many connections of a mirror have which health; what is disabled is not tested.

    ``management`` is the health of the one with the given id, if it is there and can be used. ``mark`` is another one
    as soon as any connection has another health.
    """

    healths: Mapping[Health, int]
    disabled: int
    management: Health | None
    mark: str


def count_health(top: Folder, *, management_id: str) -> HealthCounts:
    there = Connection.objects.filter(root=top.pk, removed_at=None)
    management = there.filter(source_id=management_id, state=ConnectionState.ACTIVE).values("health")[:1]
    groups = Tally.objects.filter(root_id=top.pk).values("health", "state")
    summed = groups.annotate(how_many=Sum("number"), which=Sum("keys"), management=Subquery(management))
    each = summed.exclude(how_many=0).values_list("health", "state", "how_many", "which", "management")
    healths, disabled, of_management, marks = dict.fromkeys(Health, 0), 0, None, []
    for health, state, number, keys, found in remembered.found(each):
        of_management = found and Health(found)
        marks.append(f"{health} {state} {number} {keys}")
        if state == ConnectionState.ACTIVE:
            healths[Health(health)] += int(number)
        else:
            disabled += int(number)
    return HealthCounts(healths, disabled, of_management, " ".join(sorted(marks)))


def count_below(folder_ids: Sequence[int]) -> dict[int, tuple[int, int, Sequence[tuple[int, str, str]]]]:
    """Count the folders, the connections and those in trouble below each folder, removed ones left out."""
    if not folder_ids:
        return {}
    folders, connections = Counter[int](), Counter[int]()
    troubles: dict[int, Counter[tuple[str, str]]] = {pk: Counter() for pk in folder_ids}
    for pk, state, health, number in remembered.rows(_COUNT_BELOW, [list(folder_ids)]):
        if not state:
            folders[pk] = number
            continue
        connections[pk] += number
        is_failing = state == ConnectionState.ACTIVE and health == Health.FAILING
        trouble = _FAILING if is_failing else _DISABLED.get(state)
        if trouble:
            troubles[pk][trouble] += number
    return {
        pk: (folders[pk], connections[pk], [(found[kind], *kind) for kind in _TROUBLES if found[kind]])
        for pk, found in troubles.items()
    }
