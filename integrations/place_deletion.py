"""The integrations that go with an organization; workspaces have none."""

from collections.abc import Mapping, Sequence

from django.db import connection

from integrations.models import Integration, SyncSchedule
from workspaces.access import Scope
from workspaces.places import deletion

# All that hangs on the integrations of one organization; tests of access know their subject by its uid only.
_DELETE_INTEGRATIONS = (
    """
    DELETE FROM integrations_accesstest WHERE subject IN (
        SELECT uid FROM integrations_integration WHERE organization_id = %(organization)s
        UNION ALL SELECT uid FROM integrations_draft WHERE organization_id = %(organization)s
    )
    """,
    "DELETE FROM integrations_settingstrial WHERE organization_id = %(organization)s",
    """
    DELETE FROM integrations_syncrun run USING integrations_integration i
    WHERE i.id = run.integration_id AND i.organization_id = %(organization)s
    """,
    "DELETE FROM integrations_integration WHERE organization_id = %(organization)s",
    "DELETE FROM integrations_draft WHERE organization_id = %(organization)s",
)


def _handles(scope: Scope) -> list[str]:
    return sorted(Integration.objects.filter(organization=scope.organization).values_list("handle", flat=True))


def _going(scope: Scope) -> Sequence[deletion.Going]:
    if scope.workspace:
        return ()
    handles = _handles(scope)
    return [deletion.Going(len(handles), "integration", "integrations", handles[: deletion.MOST_NAMES])]


def _delete(scope: Scope) -> Mapping[str, object]:
    if scope.workspace:
        return {}
    # Their syncs end first: one that is under way asks for its row before it writes.
    SyncSchedule.objects.filter(integration__organization=scope.organization).delete()
    handles = _handles(scope)
    with connection.cursor() as cursor:
        for statement in _DELETE_INTEGRATIONS:
            cursor.execute(statement, {"organization": scope.place.pk})
    return {"integrations": handles}


deletion.register(deletion.Belongings(_going, _delete))
