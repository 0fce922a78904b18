"""What was delegated to somebody in a place, which ends when they leave it."""

from typing import Any

from workspaces.access import Scope
from workspaces.delegation.rows import Delegation, tables
from workspaces.models import User


def drop_delegations(scope: Scope, user: User) -> None:
    """Take from somebody what they may do to the place, and to all that is inside it, gone for now or not.

    Most goes with their membership. What they had in a workspace before they had a role there goes with that of its
    organization, which stays.
    """
    for table in tables():
        within = _within(table, scope)
        if within is not None:
            # The base one: verbs that only a later version knows go too.
            table._base_manager.filter(**within, tenant=scope.tenant, user=user).delete()


def _within(table: type[Delegation], scope: Scope) -> dict[str, Any] | None:
    """Filter what lies in the place or inside it; None where nothing of the kind can."""
    place = scope.workspace or scope.organization
    if place is None:
        return {}
    column = table.WORKSPACE if scope.workspace else table.ORGANIZATION
    return {column: place.pk} if column else None
