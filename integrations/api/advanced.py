"""The schedule of an integration and its deletion limit, as its Advanced page has them."""

from datetime import datetime

from pydantic import BaseModel

from integrations.api.finding import find_integration, hold_integration, understood
from integrations.delegation import CONFIGURERS, why_held
from integrations.forms.advanced import DeletionLimitForm, ScheduleForm
from integrations.models import Integration, SyncSchedule
from integrations.settings import change
from workspaces.access import Power
from workspaces.api.bodies import Body, checked
from workspaces.api.routes import ORG, TENANT, Call, Routes

routes = Routes("Integrations")
_BOTH = (TENANT, ORG)
_SCHEDULE = {"minutes": "interval_minutes", "hours": "full_sync_hours"}


class ScheduleShape(BaseModel):
    """How often an integration syncs by itself; ``full_sync_hours`` counts where events come, and says how often all
    is read all the same. ``version_id`` is that of the integration.
    """

    interval_minutes: int
    full_sync_hours: int
    next_sync_at: datetime
    version_id: int


class ScheduleChange(Body):
    interval_minutes: int | None = None
    full_sync_hours: int | None = None


class DeletionLimitShape(BaseModel):
    """How much a sync that nobody attends may remove: more than both is asked about first."""

    percent: int
    connections: int
    version_id: int


class DeletionLimitChange(Body):
    percent: int | None = None
    connections: int | None = None


@routes.get(
    "/integration/{integration}/schedule", gives=ScheduleShape, at=_BOTH, needs=Power.OWNER, delegates=CONFIGURERS
)
def get_schedule(call: Call, integration: str) -> ScheduleShape:
    """Get how often an integration syncs by itself."""
    return _schedule(find_integration(call, integration))


@routes.patch("/integration/{integration}/schedule", gives=ScheduleShape, at=_BOTH, delegates=CONFIGURERS)
def change_schedule(call: Call, integration: str, body: ScheduleChange) -> ScheduleShape:
    """Change how often an integration syncs by itself; a shorter time counts from now."""
    found = hold_integration(call, integration)
    wanted = dict(ScheduleForm(found).initial) | body.given(minutes="interval_minutes", hours="full_sync_hours")
    values = checked(ScheduleForm(found, wanted), **_SCHEDULE)
    with understood(call):
        change.change_schedule(integration=found, version=str(found.version), by=call.user, **values)
    return _schedule(find_integration(call, found.public_id))


@routes.get(
    "/integration/{integration}/deletion_limit",
    gives=DeletionLimitShape,
    at=_BOTH,
    needs=Power.OWNER,
    delegates=CONFIGURERS,
)
def get_deletion_limit(call: Call, integration: str) -> DeletionLimitShape:
    """Get how much a sync that nobody attends may remove without being approved."""
    return _limit(find_integration(call, integration))


@routes.patch("/integration/{integration}/deletion_limit", gives=DeletionLimitShape, at=_BOTH, delegates=CONFIGURERS)
def change_deletion_limit(call: Call, integration: str, body: DeletionLimitChange) -> DeletionLimitShape:
    """Change how much a sync that nobody attends may remove without being approved.

    Delegates who may not approve removals may lower it only.
    """
    found = hold_integration(call, integration)
    wanted = dict(DeletionLimitForm(found).initial) | body.given(percent="percent", connections="connections")
    values = checked(DeletionLimitForm(found, wanted))
    values["why_held"] = why_held(call.access, found)
    with understood(call):
        change.change_deletion_limit(integration=found, version=str(found.version), by=call.user, **values)
    return _limit(find_integration(call, found.public_id))


def _schedule(integration: Integration) -> ScheduleShape:
    row = SyncSchedule.objects.get(pk=integration.pk)
    return ScheduleShape(
        interval_minutes=row.interval_seconds // 60,
        full_sync_hours=row.rest_seconds // 3600,
        next_sync_at=row.next_due_at,
        version_id=integration.version,
    )


def _limit(integration: Integration) -> DeletionLimitShape:
    return DeletionLimitShape(
        percent=integration.deletion_limit_percent,
        connections=integration.deletion_limit_count,
        version_id=integration.version,
    )
