"""The deletion limit: how much a sync may remove while nobody looks on. Pure."""

from typing import Final

from integrations.planning.reconcile import Plan, Tree

# What an integration begins with; a sync must be over both before it asks.
DEFAULT_PERCENT: Final = 20
DEFAULT_CONNECTIONS: Final = 5


class HeldToItError(Exception):
    """Somebody who may not approve removals would remove more than it allows, or raise it; the text says both."""


def removals(planned: Plan) -> frozenset[str]:
    """Give the ids at the provider of all that a plan removes, folders and connections."""
    return frozenset(held.source_id for side in (planned.connections, planned.folders) for held in side.removals)


def check_raise(before: tuple[int, int], after: tuple[int, int], *, why_held: str) -> None:
    """Raise HeldToItError when somebody raises one of the two numbers who is held to them; empty for who is not."""
    if why_held and any(new > old for old, new in zip(before, after, strict=True)):
        raise HeldToItError(f"You may lower the deletion limit, and not raise it. {why_held}")


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
