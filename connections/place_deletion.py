"""The folders, connections, grants and schemas that go with an organization or a workspace."""

from collections.abc import Mapping, Sequence

from connections.deletion import delete_owned
from connections.models import Connection
from workspaces.access import Scope
from workspaces.places import deletion


def _going(scope: Scope) -> Sequence[deletion.Going]:
    if scope.workspace:
        number = Connection.objects.filter(workspace=scope.workspace, removed_at=None).count()
        return [deletion.Going(number, "connection of its own", "connections of its own")]
    number = Connection.objects.filter(organization=scope.organization, removed_at=None).count()
    return [deletion.Going(number, "connection", "connections")]


def _delete(scope: Scope) -> Mapping[str, object]:
    delete_owned(scope)
    return {}


deletion.register(deletion.Belongings(_going, _delete))
