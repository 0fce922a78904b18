"""What people do to folders and connections, and with them in workspaces.

Each function is one transaction and writes one audit event.
"""

from collections.abc import Sequence

from django.db import transaction

from connections import sharing
from connections.errors import ChangedMeanwhileError
from connections.models import Aggregator, Grant
from connections.schemas import adding, in_use
from connections.sharing import How, Node, NodeIds
from workspaces import audit
from workspaces.access import Scope
from workspaces.models import User, Workspace
from workspaces.wording.names import isolated


@transaction.atomic
def change_permissions(*, node: Node, audiences: Sequence[Scope], seen: str, by: User) -> sharing.Moved:
    """Make these audiences exactly those that the node itself is granted to; who loses it loses its schemas at once.

    ``seen`` is the fingerprint of the grants that the person saw. Gives what that did to schemas; nothing, where the
    grants are these already. Raises ChangedMeanwhileError when they are others than that by now, DoesNotExist when the
    node is gone, and ValidationError when an audience is outside the scope that owns the node.
    """
    type(node).objects.select_for_update().get(pk=node.pk)  # two people at once: one after the other
    grants = sharing.grants_on(node)
    before, after = (sorted({str(one) for one in each}) for each in (map(sharing.audience_of, grants), audiences))
    if before == after:  # a form that was sent twice, too
        return sharing.Moved()
    if sharing.fingerprint(grants) != seen:
        raise ChangedMeanwhileError
    moved = sharing.set_grants(node, audiences)
    _record_permissions(node, before, after, moved, by)
    return moved


class GrantedAlreadyError(Exception):
    """A node is granted to an audience already; the message is a sentence for the person."""


@transaction.atomic
def add_grant(*, node: Node, audience: Scope, by: User) -> Grant:
    """Grant a node to one more audience.

    Raises GrantedAlreadyError, DoesNotExist when the node is gone, and ValidationError when the audience is outside the
    scope that owns the node.
    """
    before = _audiences_now(node)
    _check_new(node, audience, before)
    moved = sharing.change_grants(NodeIds.of(node), [audience], How.ADD, owner=node.scope)
    _record_permissions(node, before, [*before, str(audience)], moved, by)
    return next(one for one in sharing.grants_on(node) if sharing.audience_of(one) == audience)


@transaction.atomic
def change_grant(*, node: Node, grant: Grant, audience: Scope, by: User) -> None:
    """Give a grant on a node another audience. Raises as ``add_grant`` does, and DoesNotExist when it is gone."""
    before = _audiences_now(node)
    current = Grant.objects.select_related("tenant", "organization", "workspace").get(**node.key, pk=grant.pk)
    former = sharing.audience_of(current)
    if former == audience:
        return
    _check_new(node, audience, before)
    moved = sharing.regrant(current, audience, node)
    after = [str(audience) if one == str(former) else one for one in before]
    _record_permissions(node, before, after, moved, by)


@transaction.atomic
def delete_grant(*, node: Node, grant: Grant, by: User) -> None:
    """Take one grant on a node back; who loses the node by it loses its schemas. Where it is gone nothing happens."""
    before, audience = _audiences_now(node), sharing.audience_of(grant)
    if str(audience) not in before:
        return
    moved = sharing.change_grants(NodeIds.of(node), [audience], How.REMOVE, owner=node.scope)
    _record_permissions(node, before, [one for one in before if one != str(audience)], moved, by)


def _audiences_now(node: Node) -> list[str]:
    """Hold a node, so that its grants stay as they are, and name whom it is granted to."""
    type(node).objects.select_for_update().get(pk=node.pk)
    return sorted(str(sharing.audience_of(one)) for one in sharing.grants_on(node))


def _check_new(node: Node, audience: Scope, now: Sequence[str]) -> None:
    if str(audience) in now:
        raise GrantedAlreadyError(f"{audience} may use {isolated(node.shown)} already.")


def _record_permissions(
    node: Node, before: Sequence[str], after: Sequence[str], moved: sharing.Moved, by: User
) -> None:
    numbers = {"schemas_removed": len(moved.lost), "schemas_returned": len(moved.returned)}
    moves = {name: number for name, number in numbers.items() if number}
    change = {"before": list(before), "after": sorted(after)}
    audit.record(f"{node.kind}.permissions_changed", scope=node.scope, by=by, target=node, **change, **moves)


class NotAddableError(Exception):
    """A node cannot be added to a workspace; the message is a sentence for the person."""


@transaction.atomic
def add_schema(*, scope: Scope, node: Node, by: User) -> None:
    """Add a connection, or a folder with all its present and future connections, to the scope's workspace.

    Added twice, nothing happens. Raises NotAddableError when it is in use already with a folder above it, and when the
    workspace may not use it (any more).
    """
    inside = in_use.contents(in_use.workspace_of(scope))
    visible = {(node.kind, node.pk)} if inside.visible.has(node) else set[tuple[str, int]]()
    sorting = adding.sort_for_adding(inside, [node], visible)
    if sorting.not_shared:
        raise NotAddableError(
            f"{isolated(node.shown)} is not shared with {scope} any more. Ask an owner of {node.scope} to share it."
        )
    if sorting.covered and (above := inside.covering(node.path_above)):
        raise NotAddableError(
            f"{isolated(node.shown)} is in the schema already, with the folder {isolated(above.title)}."
        )
    if adding.add(scope, sorting.new):
        audit.record("schema.added", scope=scope, by=by, target=node)


@transaction.atomic
def remove_schema(*, scope: Scope, node: Node, by: User) -> None:
    """Remove from the scope's workspace what was added there itself; removed twice, nothing happens."""
    if adding.remove(scope, [node]):
        audit.record("schema.removed", scope=scope, by=by, target=node)


@transaction.atomic
def create_aggregator(*, scope: Scope, handle: str, patterns: Sequence[str], by: User) -> Aggregator:
    """Make a schema that unites connections; raises IntegrityError when the workspace has one of this handle."""
    aggregator = Aggregator.objects.create(**scope.keys, handle=handle, patterns=list(patterns))
    audit.record("aggregator.created", scope=scope, by=by, target=aggregator, patterns=list(patterns))
    return aggregator


@transaction.atomic
def change_aggregator(
    *, scope: Scope, aggregator: Aggregator, handle: str, patterns: Sequence[str], seen: str, by: User
) -> Aggregator:
    """Change what an aggregator is called and unites; ``seen`` is its fingerprint when the person saw it.

    Raises IntegrityError when the handle is taken, ChangedMeanwhileError when it has another one by now, and
    Aggregator.DoesNotExist when somebody deleted it.
    """
    current = Aggregator.objects.select_for_update().get(**scope.keys, pk=aggregator.pk)
    if current.fingerprint != seen:
        raise ChangedMeanwhileError
    before = {"handle": current.handle, "patterns": current.patterns}
    after = {"handle": handle, "patterns": list(patterns)}
    if before != after:
        current.handle, current.patterns = handle, list(patterns)
        current.save(update_fields=["handle", "patterns"])
        audit.record("aggregator.changed", scope=scope, by=by, target=current, before=before, after=after)
    return current


@transaction.atomic
def delete_aggregator(*, scope: Scope, aggregator: Aggregator, by: User) -> None:
    """Delete an aggregator; the connections that it united stay as they are."""
    audit.record("aggregator.deleted", scope=scope, by=by, target=aggregator, patterns=aggregator.patterns)
    aggregator.delete()


@transaction.atomic
def change_search_path(*, scope: Scope, prefix: Sequence[str], seen: Sequence[str], by: User) -> None:
    """Set which schemas of the scope's workspace are looked up first, in this order.

    Raises ChangedMeanwhileError when they are others by now than those that the person saw.
    """
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=in_use.workspace_of(scope).pk)
    before, after = workspace.search_path_prefix, list(prefix)
    if before != list(seen):
        raise ChangedMeanwhileError
    if before == after:
        return
    workspace.search_path_prefix = after
    workspace.save(update_fields=["search_path_prefix"])
    audit.record("workspace.search_path_changed", scope=scope, by=by, target=workspace, before=before, after=after)
