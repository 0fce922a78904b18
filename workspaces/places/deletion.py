"""Deleting organizations and workspaces: their people, and the places themselves."""

from django.db import connection

from workspaces.access import Scope

_OF_WORKSPACE = (
    "DELETE FROM workspaces_membership WHERE workspace_id = %(place)s",
    "DELETE FROM workspaces_invitation WHERE workspace_id = %(place)s",
    "DELETE FROM workspaces_workspace WHERE id = %(place)s",
)
_OF_ORGANIZATION = (
    "DELETE FROM workspaces_membership WHERE organization_id = %(place)s",
    "DELETE FROM workspaces_invitation WHERE organization_id = %(place)s",
    "DELETE FROM workspaces_workspace WHERE organization_id = %(place)s",
    "DELETE FROM workspaces_organization WHERE id = %(place)s",
)


def delete_place(scope: Scope) -> None:
    """Delete an organization (with its workspaces) or a workspace; what else is in them has gone before.

    Their people stay members of the tenant. The caller is bound to the tenant, in a transaction.
    """
    if scope.organization is None:
        raise ValueError(f"{scope} is a tenant; only its operator may delete it.")
    with connection.cursor() as cursor:
        for statement in _OF_WORKSPACE if scope.workspace else _OF_ORGANIZATION:
            cursor.execute(statement, {"place": scope.place.pk})
