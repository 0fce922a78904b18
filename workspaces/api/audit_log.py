"""What happened: the audit logs of places, and what a person did."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from pydantic import BaseModel

from workspaces.access import Power, holds
from workspaces.api.paging import PAGING, Page, Paging, cut
from workspaces.api.routes import ORG, TENANT, WORKSPACE, Call, Routes
from workspaces.audit import activity
from workspaces.delegation.verbs import Verb
from workspaces.models import AuditEvent, Organization, Tenant, User
from workspaces.models.versioned import derived_id

routes = Routes("Audit log")


class AuditRecord(BaseModel):
    """One thing that somebody, or the system itself, did."""

    id: str
    action_type: str
    actor_id: str
    actor_handle: str
    actor_display_name: str
    actor_avatar_url: str = ""
    actor_ip: str
    created_at: datetime
    data: dict[str, Any]
    identity_handle: str | None = None
    identity_id: str | None = None
    process_id: str | None = None
    target_handle: str
    target_id: str
    tenant_id: str


@routes.get(
    "/audit_log",
    gives=Page[AuditRecord],
    at=(TENANT, ORG, WORKSPACE),
    needs=Power.OWNER,
    delegates=holds(Verb.VIEW_AUDIT_LOG),
)
def list_audit_log(call: Call, paging: Paging = PAGING) -> Page[AuditRecord]:
    """List what happened in the place and inside it, the newest first."""
    return events_page(call, activity.events_of(call.scope), paging)


def events_page(call: Call, events: QuerySet[AuditEvent], paging: Paging) -> Page[AuditRecord]:
    """Give one page of events, whose people and organizations are read for all of them at once."""
    found, token = cut(call, events, paging, newest_by="happened_at")
    shape = _namer(call.tenant, found)
    return Page(items=[shape(event) for event in found], next_token=token)


def _namer(tenant: Tenant, events: Iterable[AuditEvent]) -> Callable[[AuditEvent], AuditRecord]:
    people = User.objects.in_bulk({event.actor_id for event in events if event.actor_id})
    places = {event.organization_id for event in events if event.organization_id}
    organizations = Organization.objects.filter(tenant=tenant).in_bulk(places)

    def shape(event: AuditEvent) -> AuditRecord:
        actor = people.get(event.actor_id or 0)
        organization = organizations.get(event.organization_id or 0)
        return AuditRecord(
            id=derived_id("al", f"{tenant.public_id}:{event.pk}"),  # for events are never written again
            action_type=event.action,
            actor_id=actor.public_id if actor else "",
            actor_handle=actor.handle if actor else event.actor,
            actor_display_name=str(actor) if actor else event.actor,
            actor_ip=event.remote_address or "",
            created_at=event.happened_at,
            data=event.details,
            identity_handle=organization.handle if organization else None,
            identity_id=organization.public_id if organization else None,
            target_handle=event.object_label,
            target_id=event.object_id,
            tenant_id=tenant.public_id,
        )

    return shape
