"""What was sent lately about an integration, and sending it once more."""

from datetime import datetime
from typing import Literal

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from pydantic import BaseModel

from integrations.api.finding import find_integration
from integrations.api.notifications.finding import DELIVERY_AT, notified, uid_of
from integrations.delegation import CONFIGURERS
from integrations.models import Delivery, Event
from integrations.notifications import webhooks
from workspaces.access import Power
from workspaces.api.paging import PAGING, Page, Paging, cut
from workspaces.api.routes import ORG, TENANT, Call, Routes
from workspaces.database import at_most_one

routes = Routes("Notifications")
_BOTH = (TENANT, ORG)


class DeliveryShape(BaseModel):
    """A notification to one address or webhook; ``reason`` is why it was not taken, ``status`` a webhook's answer."""

    id: str
    event: Event
    state: Literal["waiting", "delivered", "failed"]
    reason: str | None = None
    status: int | None = None
    attempts: int
    email: str | None = None
    webhook_id: str | None = None
    process_id: str | None = None
    created_at: datetime
    tried_at: datetime | None = None
    next_try_at: datetime | None = None


@routes.get(DELIVERY_AT, gives=Page[DeliveryShape], at=_BOTH, needs=Power.OWNER, delegates=CONFIGURERS)
def list_deliveries(call: Call, integration: str, paging: Paging = PAGING) -> Page[DeliveryShape]:
    """List what was sent about an integration, and what is on its way, the newest first."""
    shown, token = cut(call, _deliveries(call, integration), paging, newest_by="created_at")
    return Page(items=[_shape(one) for one in shown], next_token=token)


@routes.post(f"{DELIVERY_AT}/{{delivery}}/send", gives=DeliveryShape, at=_BOTH, status=200, delegates=CONFIGURERS)
def send_again(call: Call, integration: str, delivery: str) -> DeliveryShape:
    """Send a notification once more, with its id; one that waits for its next attempt is sent now."""
    rows = _deliveries(call, integration).filter(uid=uid_of(delivery))
    found = at_most_one(rows)
    if found is None:
        raise Http404
    with notified(call):
        webhooks.send_again(delivery=found, by=call.user, now=timezone.now())
    return _shape(rows.get())


def _deliveries(call: Call, integration: str) -> QuerySet[Delivery]:
    found = find_integration(call, integration)
    return Delivery.objects.of(found).select_related("run", "integration__tenant", "integration__organization")


def _shape(row: Delivery) -> DeliveryShape:
    return DeliveryShape.model_validate(
        {
            "id": str(row.uid),
            "event": row.event,
            "state": row.state,
            "reason": row.error or None,
            "status": row.status,
            "attempts": row.attempts,
            "email": row.email or None,
            "webhook_id": str(row.webhook.uid) if row.webhook else None,
            "process_id": row.run.public_id if row.run else None,
            "created_at": row.created_at,
            "tried_at": row.tried_at,
            "next_try_at": row.next_try_at,
        }
    )
