"""Who may use many nodes at once, and which of them are in a schema: what a change means, and making it.

``seen`` is the fingerprint of the impact that the person has confirmed: which nodes, how they stood, and what it would
do to workspaces. Whatever changed meanwhile makes it another one, and nothing is done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from connections import many, sharing
from connections.models import Connection, Folder
from connections.schemas import adding, in_use
from connections.schemas.in_use import Contents
from connections.schemas.workspace_uses import Use, Uses
from connections.search.chosen import Chosen
from connections.sharing import Granted, How
from connections.tree import ids_on, tops_of
from integrations.models import SyncSchedule
from integrations.nodes.uses import uses_in, view_below, view_of_connections, whole_folders
from integrations.planning.workspace_impact import (
    View,
    WorkspaceImpact,
    fingerprint,
    impact_of_schema,
    impacts_of_grants,
)
from integrations.settings.change import UnseenImpactError
from workspaces.access import Scope
from workspaces.models import User


@dataclass(frozen=True, slots=True)
class Impact:
    """What an act on many nodes means: which of them it changes, what to workspaces, and what is left out and why."""

    changed: Chosen
    workspaces: Sequence[WorkspaceImpact]
    fingerprint: str
    left_out: Sequence[str] = ()

    @property
    def is_loss(self) -> bool:
        return any(one.is_loss for one in self.workspaces)

    def check(self, seen: str) -> None:
        """Raise UnseenImpactError unless it is what the person has seen."""
        if self.fingerprint != seen:
            raise UnseenImpactError(self.workspaces, self.fingerprint, 0)


@dataclass(frozen=True, slots=True)
class _Facts:
    view: View
    titles: Mapping[int, str]
    uses: Uses


def hold(chosen: Chosen) -> None:
    """Hold the nodes, and before them the schedules of their mirrors, in the order of locks: no sync writes to them."""
    roots = (
        Folder.objects.filter(pk__in=chosen.ids.folders)
        .values("root")
        .union(Connection.objects.filter(pk__in=chosen.ids.connections).values("root"))
    )
    mirrors = SyncSchedule.objects.filter(integration__root_folder__in=list(roots.values_list("root", flat=True)))
    list(mirrors.select_for_update().order_by("pk").values_list("pk"))
    many.lock(chosen)


def permissions_impact(scope: Scope, chosen: Chosen, audiences: Sequence[Scope], how: How) -> Impact:
    """Say what it means to change who may use these nodes; so many statements for any number of them."""
    grants = many.grants_on(chosen)
    wanted = {sharing.audience_ids(one) for one in audiences}
    changed = _changed(chosen, grants, wanted, how)
    known = _facts(changed)
    own = {("folder", one.id) for one in changed.folders} | {("connection", one.id) for one in changed.connections}

    def stays(grant: Granted) -> bool:
        is_own = ("folder", grant.folder_id) in own or ("connection", grant.connection_id) in own
        is_wanted = (grant.organization_id, grant.workspace_id) in wanted
        return not is_own or how == How.ADD or (is_wanted if how == How.SET else not is_wanted)

    after = [grant for grant in known.uses.grants if stays(grant)]
    if how != How.REMOVE:
        after += [Granted(one.id, None, *audience) for one in changed.folders for audience in wanted]
        after += [Granted(None, one.id, *audience) for one in changed.connections for audience in wanted]
    found = impacts_of_grants(known.uses, known.view, known.titles, after)
    rest = chosen.number - changed.number
    left_out = [f"{rest:,} of them {_are(rest)} as you want {_them(rest)} already."] if rest else []
    seen = fingerprint(found, chosen.fingerprint, grants, sorted(wanted, key=repr), how.value)
    return Impact(changed, found, seen, left_out)


@transaction.atomic
def change_permissions(
    *, scope: Scope, chosen: Chosen, audiences: Sequence[Scope], how: How, seen: str, by: User
) -> Impact:
    """Change who may use these nodes of the scope; raises UnseenImpactError."""
    hold(chosen)
    found = permissions_impact(scope, chosen, audiences, how)
    found.check(seen)
    many.change_permissions(scope=scope, chosen=found.changed, audiences=audiences, how=how, by=by)
    return found


def schema_impact(scope: Scope, chosen: Chosen, *, is_adding: bool) -> Impact:
    """Say what it means to add nodes to the schema of the scope's workspace, or to remove them from it."""
    workspace = in_use.workspace_of(scope)
    inside = in_use.contents(workspace)
    changed, left_out = _to_add(inside, chosen) if is_adding else _to_remove(inside, chosen)
    known = _facts(changed, only=workspace.pk)
    (use,) = known.uses.workspaces
    found = impact_of_schema(use, _then(use, changed, is_adding=is_adding), known.uses, known.view)
    folders = () if is_adding else sorted(one.label for one in changed.folders)
    if folders:
        found = replace(found or WorkspaceImpact(use.name, (), (), (), (), (), (), (), None), folders_removed=folders)
    impacts = [found] if found else []
    seen = fingerprint(impacts, chosen.fingerprint, changed.fingerprint, workspace.pk, is_adding)
    return Impact(changed, impacts, seen, left_out)


@transaction.atomic
def change_schema(*, scope: Scope, chosen: Chosen, is_adding: bool, seen: str, by: User) -> Impact:
    """Add nodes to the schema of the scope's workspace or remove them; raises UnseenImpactError."""
    hold(chosen)
    found = schema_impact(scope, chosen, is_adding=is_adding)
    found.check(seen)
    act = many.add_schemas if is_adding else many.remove_schemas
    act(scope=scope, chosen=found.changed, by=by)
    return found


def _changed(
    chosen: Chosen,
    grants: Sequence[tuple[int | None, int | None, int | None, int | None]],
    wanted: set[tuple[int | None, int | None]],
    how: How,
) -> Chosen:
    """Give those of the nodes that are not yet as they are to be."""
    held: dict[tuple[str, int], set[tuple[int | None, int | None]]] = {}
    for folder, leaf, *audience in grants:
        key = ("folder", folder) if folder is not None else ("connection", leaf or 0)
        held.setdefault(key, set()).add((audience[0], audience[1]))

    def is_changed(kind: str, pk: int) -> bool:
        has = held.get((kind, pk), set())
        if how == How.SET:
            return has != wanted
        return not wanted <= has if how == How.ADD else not wanted.isdisjoint(has)

    return chosen.only([one for one in chosen.nodes if is_changed(one.kind, one.id)])


def _facts(chosen: Chosen, *, only: int | None = None) -> _Facts:
    """See these nodes with all below them as workspaces do, and who uses what of that."""
    view, titles = view_below(tops_of(one.path for one in chosen.folders))
    others = view_of_connections(
        (one.id, one.path, one.handle, one.state)
        for one in chosen.connections
        if not (one.path and ids_on(one.path)[-1] in titles)  # else it is seen already
    )
    merged = View({**view.lines, **others.lines}, {**view.leaves, **others.leaves}, view.disabled | others.disabled)
    above = {pk for one in chosen.nodes for pk in ids_on(one.path_above)}
    whole = whole_folders(merged) if others.lines else ()
    found = uses_in(merged, titles, above, only=only, whole=whole)
    return _Facts(merged, titles, found)


def _to_add(inside: Contents, chosen: Chosen) -> tuple[Chosen, list[str]]:
    shown = (one.id for one in chosen.folders if inside.visible.cover.has(one.path))
    usable = inside.visible.connections.filter(pk__in=chosen.ids.connections).values_list("pk", flat=True)
    visible = {("folder", pk) for pk in shown} | {("connection", pk) for pk in usable}
    sorting = adding.sort_for_adding(inside, chosen.nodes, visible)
    counts = (
        (len(sorting.not_shared), "not shared with it: share them with it first, under Permissions."),
        (len(sorting.covered), "in its schema with a folder that is added."),
        (len(sorting.there), "in its schema already."),
    )
    new = {(one.kind, one.id) for one in sorting.new}
    changed = chosen.only([one for one in chosen.nodes if (one.kind, one.id) in new])
    return changed, [f"{number:,} of them {_are(number)} {words}" for number, words in counts if number]


def _to_remove(inside: Contents, chosen: Chosen) -> tuple[Chosen, list[str]]:
    added = {("folder", pk) for pk in inside.folders} | {("connection", pk) for pk in inside.connections_since}
    changed = chosen.only([one for one in chosen.nodes if (one.kind, one.id) in added])
    rest = chosen.number - changed.number
    left_out = [f"{rest:,} of them {_are(rest)} not added by {'itself' if rest == 1 else 'themselves'}."]
    return changed, left_out if rest else []


def _then(use: Use, changed: Chosen, *, is_adding: bool) -> Use:
    folders, connections = frozenset(changed.ids.folders), frozenset(changed.ids.connections)
    if is_adding:
        return replace(use, folder_ids=use.folder_ids | folders, connection_ids=use.connection_ids | connections)
    return replace(use, folder_ids=use.folder_ids - folders, connection_ids=use.connection_ids - connections)


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
