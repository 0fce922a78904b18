"""The deletion limit: how much a sync may remove while nobody looks on. Pure."""

from typing import Final

from integrations.planning.reconcile import Plan, Tree

# What an integration begins with; a sync must be over both before it asks.
DEFAULT_PERCENT: Final = 20
DEFAULT_CONNECTIONS: Final = 5


def removals(planned: Plan) -> frozenset[str]:
    """Give the ids at the provider of all that a plan removes, folders and connections."""
    return frozenset(held.source_id for side in (planned.connections, planned.folders) for held in side.removals)


def why_over(tree: Tree, planned: Plan, *, percent: int, count: int) -> str:
    """Say why a plan removes too much; empty when it does not.

    It does when it removes more connections than both, ``percent`` of those that are there and ``count``.
    """
    going = len(planned.connections.removals)
    if going <= count:
        return ""
    there = sum(not held.is_removed for held in tree.connections)
    if going * 100 <= there * percent:
        return ""
    return (
        f"It would remove {going:,} of {there:,} connections, which is over the deletion limit of {percent} % and"
        f" {count:,} connection{'' if count == 1 else 's'}."
    )
