"""Support access: how the operator of the installation looks into a tenant, seen by its owners.

Without it the operator is a stranger there. With it they see what an owner sees, for an hour, and change nothing; that
it began and ended, and each page that was opened, is in the tenant's audit log.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from workspaces import audit, isolation, retention
from workspaces.access import Access, Scope
from workspaces.models import AuditEvent, SupportAccess, Tenant, User
from workspaces.people.accounts import RefusedError


@transaction.atomic
def begin(*, tenant: Tenant, reason: str, by: User, now: datetime) -> SupportAccess:
    """Let the operator look into a tenant for an hour. Raises RefusedError when they may already."""
    with isolation.as_tenant(tenant.pk):
        if live_in(tenant, now=now).filter(operator=by).exists():
            raise RefusedError(f"You have support access to {tenant} already. Leave it first to begin another one.")
        made = SupportAccess.objects.create(
            tenant=tenant, operator=by, reason=reason, started_at=now, expires_at=now + retention.SUPPORT_ACCESS
        )
        until = made.expires_at.strftime("%Y-%m-%d %H:%M UTC")
        audit.record("support.began", scope=Scope(tenant), by=by, target=tenant, reason=reason, until=until)
    return made


@transaction.atomic
def end(*, access: SupportAccess, by: User | None, now: datetime) -> None:
    """End it before its hour is over, or (``by`` is None) record that it is; quiet when it has ended."""
    with isolation.as_tenant(access.tenant_id):
        if SupportAccess.objects.filter(pk=access.pk, ended_at=None).update(ended_at=min(now, access.expires_at)):
            audit.record("support.ended", scope=Scope(access.tenant), by=by, target=access.tenant, reason=access.reason)


def end_expired(*, now: datetime) -> None:
    """Record in each tenant's audit log which accesses are over because their hour is."""
    with isolation.as_operator():
        over = list(SupportAccess.objects.filter(ended_at=None, expires_at__lte=now).select_related("tenant"))
    for access in over:
        end(access=access, by=None, now=now)


def live_in(tenant: Tenant, *, now: datetime) -> QuerySet[SupportAccess]:
    """Give those that may look into the tenant right now."""
    return SupportAccess.objects.live(now).filter(tenant=tenant).select_related("tenant", "operator").order_by("pk")


def of_operator(user: User, tenant: str, *, now: datetime) -> SupportAccess | None:
    """Find what lets this person look into the tenant with this handle; inside ``isolation.as_user``."""
    if not user.is_superuser:
        return None
    own = SupportAccess.objects.live(now).filter(operator=user, tenant__handle=tenant)
    return own.select_related("tenant").first()


def record_page(access: Access, support: SupportAccess, page: str) -> None:
    """Write down that a page was looked at, once for each access."""
    seen = AuditEvent.objects.filter(
        tenant_id=support.tenant_id,
        action="support.page_opened",
        actor_id=access.user.pk,
        happened_at__gte=support.started_at,
        details__page=page,
    )
    if not seen.exists():
        with audit.as_operator():
            audit.record("support.page_opened", scope=access.scope, by=access.user, target=support.tenant, page=page)
