"""Deleting organizations and workspaces, with their people and with what other apps have in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from workspaces import audit
from workspaces.access import Scope
from workspaces.models import User, Workspace

MOST_NAMES: Final = 20  # of what goes, on the page that asks

_OF_WORKSPACE = (
    "DELETE FROM workspaces_membership WHERE workspace_id = %(place)s",
    "DELETE FROM workspaces_invitation WHERE workspace_id = %(place)s",
    "DELETE FROM workspaces_workspace WHERE id = %(place)s",
)
_OF_ORGANIZATION = (
    # Its service accounts leave the tenant too, and their tokens end with that.
    "DELETE FROM workspaces_membership WHERE user_id IN"
    " (SELECT id FROM workspaces_user WHERE service_organization_id = %(place)s)",
    "UPDATE workspaces_user SET is_active = FALSE, description = '' WHERE service_organization_id = %(place)s",
    "DELETE FROM workspaces_membership WHERE organization_id = %(place)s",
    "DELETE FROM workspaces_invitation WHERE organization_id = %(place)s",
    "DELETE FROM workspaces_workspace WHERE organization_id = %(place)s",
    "DELETE FROM workspaces_organization WHERE id = %(place)s",
)


@dataclass(frozen=True, slots=True)
class Going:
    """What goes: a number of things, in words (for one, and for several), and which they are where that helps."""

    number: int
    one: str
    several: str
    names: Sequence[str] = ()

    @property
    def words(self) -> str:
        return self.one if self.number == 1 else self.several


@dataclass(frozen=True, slots=True)
class Belongings:
    """What an app has in organizations and workspaces: ``going`` lists it for the person who is asked.

    ``delete`` deletes it before the place itself goes, in the same transaction, which is bound to the tenant; it gives
    facts for the audit log.
    """

    going: Callable[[Scope], Sequence[Going]]
    delete: Callable[[Scope], Mapping[str, object]]


_belongings: list[Belongings] = []  # of lower apps first, as they are installed


def register(belongings: Belongings) -> None:
    """Add what an app has in places; each app does it in a module that it imports when it is ready."""
    _belongings.append(belongings)


def going_with(scope: Scope) -> list[Going]:
    """List what goes with an organization or a workspace, what belongs to the uppermost app first."""
    found = [going for each in reversed(_belongings) for going in each.going(scope)]
    if scope.workspace is None:
        names = sorted(Workspace.objects.filter(organization=scope.organization).values_list("handle", flat=True))
        found.append(Going(len(names), "workspace", "workspaces", names[:MOST_NAMES]))
        accounts = User.objects.filter(service_organization=scope.organization, is_active=True)
        names = sorted(accounts.values_list("handle", flat=True))
        found.append(Going(len(names), "service account", "service accounts", names[:MOST_NAMES]))
    return found


@transaction.atomic
def delete_place(*, scope: Scope, by: User) -> None:
    """Delete the scope's organization (with its workspaces) or workspace, and all that is in it, for good.

    Its people stay members of the tenant, its service accounts go. One audit event is written.
    """
    if scope.organization is None:
        raise ValueError(f"{scope} is a tenant; only its operator may delete it.")
    place, facts = scope.place, dict[str, object]()
    for each in reversed(_belongings):
        facts |= each.delete(scope)
    audit.record(f"{place._meta.model_name}.deleted", scope=scope, by=by, target=place, **facts)
    with connection.cursor() as cursor:
        for statement in _OF_WORKSPACE if scope.workspace else _OF_ORGANIZATION:
            cursor.execute(statement, {"place": place.pk})
