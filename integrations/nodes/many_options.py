"""Options of many nodes at once, and testing many connections: what it means, and doing it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db import transaction

from connections import many
from connections.models import Connection, ConnectionState, Folder
from connections.search.chosen import Chosen
from connections.sharing import NodeIds
from connections.tree import ids_under, tops_of
from integrations.access.connection_options import OptionsChange
from integrations.health import batches
from integrations.nodes.many import Impact, hold
from integrations.planning.workspace_impact import fingerprint
from workspaces import audit
from workspaces.access import Scope
from workspaces.models import User

_UPDATE = """
    UPDATE {table} SET options = (options - %(reset)s::text[]) || %(values)s::jsonb
    WHERE id = ANY(%(ids)s::bigint[]) AND options <> (options - %(reset)s::text[]) || %(values)s::jsonb
"""


def set_options(ids: NodeIds, change: OptionsChange) -> int:
    """Set options on nodes themselves and take others back, two statements however many there are."""
    given: dict[str, Any] = {"values": json.dumps(dict(change.values)), "reset": list(change.reset)}
    number = 0
    with database.cursor() as cursor:
        for table, some in (("connections_folder", ids.folders), ("connections_connection", ids.connections)):
            if some:
                cursor.execute(_UPDATE.format(table=table), given | {"ids": list(some)})
                number += cursor.rowcount
    return number


def options_impact(chosen: Chosen, change: OptionsChange) -> Impact:
    """Say which of these nodes the change would change; schemas stay as they are."""
    own = _options_of(chosen)
    changed = chosen.only([one for one in chosen.nodes if change.on(own[one.kind, one.id]) != own[one.kind, one.id]])
    rest = chosen.number - changed.number
    left_out = [f"{rest:,} of them {'has' if rest == 1 else 'have'} these options already."] if rest else []
    state = sorted((key, sorted(options.items())) for key, options in own.items())
    return Impact(changed, (), fingerprint((), chosen.fingerprint, state, change), left_out)


@transaction.atomic
def change_options(*, scope: Scope, chosen: Chosen, change: OptionsChange, seen: str, by: User) -> Impact:
    """Change the options of these nodes; raises UnseenImpactError when they are others by now than were seen."""
    hold(chosen)
    found = options_impact(chosen, change)
    found.check(seen)
    set_options(found.changed.ids, change)
    details = {"set": dict(change.values), "reset": list(change.reset)}
    given = {name: some for name, some in details.items() if some}
    nodes = many.named(found.changed)
    audit.record("nodes.options_changed", scope=scope, by=by, target=scope.place, **nodes, **given)
    return found


def _options_of(chosen: Chosen) -> dict[tuple[str, int], dict[str, Any]]:
    folders = Folder.objects.filter(pk__in=chosen.ids.folders).values_list("pk", "options")
    connections = Connection.objects.filter(pk__in=chosen.ids.connections).values_list("pk", "options")
    found = {("folder", pk): options for pk, options in folders}
    return found | {("connection", pk): options for pk, options in connections}


@dataclass(frozen=True, slots=True)
class Tests:
    """The connections among nodes, or below them, that can be tested, and how many are disabled and cannot."""

    ids: Sequence[int]
    disabled: int
    fingerprint: str


def tests_of(chosen: Chosen) -> Tests:
    """Find the connections that are chosen, or are in a folder that is."""
    folder_ids = ids_under(tops_of(one.path for one in chosen.folders)) if chosen.folders else []
    inside = Connection.objects.filter(folder__in=folder_ids, removed_at=None).values_list("pk", "state")
    states = {one.id: one.state for one in chosen.connections} | dict(inside)
    ids = sorted(pk for pk, state in states.items() if state == ConnectionState.ACTIVE)
    return Tests(ids, len(states) - len(ids), fingerprint((), chosen.fingerprint, ids))


@transaction.atomic
def request_tests(*, scope: Scope, chosen: Chosen, by: User) -> int:
    """Have the connections tested now, and not when they are due; gives how many they are."""
    hold(chosen)
    ids = tests_of(chosen).ids
    tested = batches.tested(scope.tenant.pk).filter(pk__in=ids)
    number = batches.make_due_now(scope.tenant.pk, tested)
    nodes = many.named(chosen)
    audit.record("nodes.tests_requested", scope=scope, by=by, target=scope.place, **nodes, connections=number)
    return number
