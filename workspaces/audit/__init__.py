"""The audit log: ``record`` writes what happened, in the transaction in which it happens.

``sentences`` says it in words, ``activity`` reads it for the pages. The rows are append-only, which the database holds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db.models import Model

from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Membership, Tenant, User

# Where the current request comes from; None in background work.
remote_address: ContextVar[str | None] = ContextVar("remote_address", default=None)

SERVICE_ACCOUNT = "serviceaccount"  # the kind of users who are programs
BY_OPERATOR = "by_operator"  # in the details of what the operator of the installation did
# In the details of what was done to many things at once: their keys by kind, and how they stood; the file has them.
KEYS, STOOD = "keys", "stood"
_is_operator: ContextVar[bool] = ContextVar("is_operator", default=False)


@contextmanager
def as_operator() -> Iterator[None]:
    """Mark what is recorded meanwhile as done by the operator of the installation, and not by one of the tenant."""
    token = _is_operator.set(True)
    try:
        yield
    finally:
        _is_operator.reset(token)


def record(action: str, *, scope: Scope, by: User | None, target: Model, **details: object) -> None:
    """Write one audit event in the current transaction; details must hold no secret.

    ``action`` is *object.verb* in the past, such as ``integration.created``; without a person it was the system itself.
    """
    kind, label = target._meta.model_name or "", str(target)
    if isinstance(target, User) and target.is_service_account:
        kind, label = SERVICE_ACCOUNT, target.known_as
    AuditEvent.objects.create(
        tenant_id=scope.tenant.pk,
        organization_id=scope.organization.pk if scope.organization else None,
        workspace_id=scope.workspace.pk if scope.workspace else None,
        actor_id=by.pk if by else None,
        actor=by.known_as if by else "system",
        action=action,
        object_kind=kind,
        object_id=str(target.pk),
        object_label=label[:200],
        details=details | ({BY_OPERATOR: True} if _is_operator.get() else {}),
        remote_address=remote_address.get(),
    )


def record_in_tenants_of(action: str, *, user: User, by: User | None, **details: object) -> None:
    """Write one audit event about a person's account into the log of each tenant that they belong to.

    As ``record``, and in the current transaction too if there is one.
    """
    with isolation.as_operator():
        own = Membership.objects.filter(user=user, organization=None).values("tenant_id")
        tenants = list(Tenant.objects.filter(pk__in=own).order_by("pk"))
    for tenant in tenants:  # outside of the block: who acts need not be the person
        with isolation.as_tenant(tenant.pk):
            record(action, scope=Scope(tenant), by=by, target=user, **details)
