"""Service accounts: members that are programs, which owners of a tenant or organization make for it.

They are users without a password, who work by tokens alone; what they may do is in their memberships, as of anybody.
Each action is one transaction, bound to the tenant by whom calls it, and writes one audit event.
"""

import secrets
from typing import Final

from django.db import transaction
from django.db.models import Count, Max, QuerySet

from workspaces import audit
from workspaces.access import Scope
from workspaces.handles import PLACE_MAX_LENGTH, place_handle_like
from workspaces.models import Membership, Role, User
from workspaces.places import members

_SUFFIX: Final = 4  # bytes, of the handle: they are unique over all tenants, and no tenant is to learn of another's


def of(scope: Scope) -> QuerySet[Membership]:
    """Give what service accounts of the place itself are in it, by title, with the number and last use of tokens."""
    found = Membership.objects.filter(
        **scope.keys, user__service_tenant=scope.tenant, user__service_organization=scope.organization
    )
    counted = found.annotate(tokens=Count("user__tokens"), used_at=Max("user__tokens__last_used_at"))
    return counted.select_related("user", "user__created_by").order_by("user__name", "user__handle")


@transaction.atomic
def create(*, scope: Scope, title: str, description: str, by: User) -> Membership:
    """Create a service account of the tenant or organization, which is a member of it."""
    account = User.objects.create_service_account(
        handle=_new_handle(title),
        title=title,
        description=description,
        tenant=scope.tenant,
        organization=scope.organization,
    )
    membership = members.join(account, scope, Role.MEMBER)
    audit.record("service_account.created", scope=scope, by=by, target=account)
    return membership


@transaction.atomic
def change(*, scope: Scope, account: User, title: str, description: str, by: User) -> None:
    """Change what a service account is called, and what is said of it; the audit log keeps its former titles."""
    current = User.objects.select_for_update(no_key=True).get(pk=account.pk)
    before = {"title": current.name, "description": current.description}
    after = {"title": title, "description": description}
    if before == after:
        return
    current.name, current.description = title, description
    current.save(update_fields=["name", "description"])
    audit.record("service_account.changed", scope=scope, by=by, target=current, before=before, after=after)


@transaction.atomic
def delete(*, scope: Scope, account: User, by: User) -> None:
    """Delete a service account with its roles and tokens; what it did stays in the audit log, under its title.

    Nothing is kept of it but that. Deleted twice, nothing happens.
    """
    own = Membership.objects.filter(user=account, tenant=scope.tenant)
    if not own.exists():
        return
    account.is_active, account.description = False, ""
    account.save(update_fields=["is_active", "description"])
    loss = members.loss_of(Scope(scope.tenant), account)
    own.delete()  # and the tokens, which are of the tenant's membership
    members.withdraw_unbacked(Scope(scope.tenant), account)
    audit.record("service_account.deleted", scope=scope, by=by, target=account, **loss.details)


def _new_handle(title: str) -> str:
    suffix = f"-{secrets.token_hex(_SUFFIX)}"
    return (place_handle_like(title) or "service-account")[: PLACE_MAX_LENGTH - len(suffix)].rstrip("-") + suffix
