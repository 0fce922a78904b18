"""Recording what happened."""

from contextvars import ContextVar

from django.db.models import Model

from workspaces.access import Scope
from workspaces.models import AuditEvent, User

# Where the current request comes from; None in background work.
remote_address: ContextVar[str | None] = ContextVar("remote_address", default=None)


def record(action: str, *, scope: Scope, by: User | None, target: Model, **details: object) -> None:
    """Write one audit event in the current transaction; details must hold no secret.

    ``action`` is *object.verb* in the past, such as ``integration.created``; without a person it was the system itself.
    """
    AuditEvent.objects.create(
        tenant_id=scope.tenant.pk,
        organization_id=scope.organization.pk if scope.organization else None,
        workspace_id=scope.workspace.pk if scope.workspace else None,
        actor_id=by.pk if by else None,
        actor=by.email if by else "system",
        action=action,
        object_kind=target._meta.model_name or "",
        object_id=str(target.pk),
        object_label=str(target)[:200],
        details=details,
        remote_address=remote_address.get(),
    )
