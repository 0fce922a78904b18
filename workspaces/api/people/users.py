"""People of the tenant, and what belongs to the token's person alone."""

from datetime import datetime
from typing import Any, Literal

from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.http import Http404
from pydantic import BaseModel, Field

from workspaces.access import Access, Power
from workspaces.api import shapes
from workspaces.api.audit_log import AuditRecord, events_page
from workspaces.api.bodies import Body, checked
from workspaces.api.paging import PAGING, Page, Paging, cut, page_of
from workspaces.api.problems import ProblemError
from workspaces.api.routes import Call, Routes, named, of_version
from workspaces.database import at_most_one
from workspaces.forms.places import ProfileForm
from workspaces.models import AuditEvent, Invitation, Membership, Organization, Tenant, User
from workspaces.models.versioned import derived_id
from workspaces.places import actions, lookup, members

routes = Routes("Users")


class IdentityPaging(Paging):
    q: str = Field(default="", max_length=100, description="A part of the handle or name")


class UserChange(Body):
    handle: str | None = None
    display_name: str | None = None


class UserEmailShape(BaseModel):
    id: str
    email: str
    status: Literal["pending", "verified"]
    tenant_id: str
    created_at: datetime
    version_id: int = 1


class PreferencesShape(BaseModel):
    """Which emails a person wants; none of these are sent here."""

    id: str
    communication_community_updates: str = "enabled"
    communication_product_updates: str = "enabled"
    communication_tips_and_tricks: str = "enabled"
    created_at: datetime
    updated_at: datetime | None = None
    version_id: int


class PreferencesChange(Body):
    communication_community_updates: Literal["enabled", "disabled", ""] | None = None
    communication_product_updates: Literal["enabled", "disabled", ""] | None = None
    communication_tips_and_tricks: Literal["enabled", "disabled", ""] | None = None


@routes.get("/identity", gives=Page[shapes.IdentityShape])
def list_identities(call: Call, paging: IdentityPaging = PAGING) -> Page[shapes.IdentityShape]:
    """List the organizations that the person may enter, and the people in them; a tenant's owner finds everybody."""
    tenant = call.tenant
    of_tenant = Membership.objects.filter(tenant=tenant)
    near = (
        of_tenant if call.access.is_tenant_owner else of_tenant.filter(organization__in=_own_organizations(call.access))
    )
    organizations = lookup.matching(Organization.objects.filter(pk__in=_own_organizations(call.access)), paging.q)
    people = User.objects.filter(pk__in=near.values("user"))
    if paging.q:
        people = people.filter(Q(handle__icontains=paging.q) | Q(name__icontains=paging.q))
    found, token = cut(call, [organizations, people], paging)
    return Page(items=[_identity(one, tenant) for one in found], next_token=token)


def _identity(one: Organization | User, tenant: Tenant) -> shapes.IdentityShape:
    if isinstance(one, Organization):
        return shapes.identity_of_org(one, tenant)
    return shapes.identity_of_user(one, tenant)


@routes.get("/identity/{identity}", gives=shapes.IdentityShape)
def get_identity(call: Call, identity: str) -> shapes.IdentityShape:
    """Get a person or an organization, by handle or id."""
    tenant = call.tenant
    organization = at_most_one(
        Organization.objects.filter(named(identity), tenant=tenant, pk__in=_own_organizations(call.access))
    )
    if organization:
        return shapes.identity_of_org(organization, tenant)
    invited = at_most_one(Invitation.objects.open().filter(tenant=tenant, public_id=identity))
    if invited is not None and call.access.is_tenant_owner:
        return shapes.IdentityShape(
            id=invited.public_id,
            handle=invited.email,
            display_name=invited.email,
            type="user",
            tenant_id=tenant.public_id,
        )
    return shapes.identity_of_user(person(call.access, identity), tenant)


@routes.get("/user/{user}", gives=shapes.UserShape)
def get_user(call: Call, user: str) -> shapes.UserShape:
    """Get somebody of the tenant."""
    return shapes.user_shape(person(call.access, user), call.tenant)


@routes.patch("/user/{user}", gives=shapes.UserShape, needs=Power.MEMBER)
def change_user(call: Call, user: str, body: UserChange) -> shapes.UserShape:
    """Change what the token's person is called."""
    found = own_user(call.access, user)
    if found.is_service_account:
        raise PermissionDenied("What a service account is called, its owners change.")
    of_version(call, found)
    now = {"handle": found.handle, "name": found.name} | body.given(handle="handle", name="display_name")
    taken = User.objects.filter(handle=now["handle"]).exclude(pk=found.pk)
    form = ProfileForm(now, is_taken=lambda _handle: taken.exists(), taken="somebody else")
    try:
        actions.change_profile(user=found, **checked(form, name="display_name"))
    except IntegrityError:  # somebody took it after it was checked
        raise ProblemError(409, form.taken_error(now["handle"]).messages[0]) from None
    found.refresh_from_db()
    return shapes.user_shape(found, call.tenant)


@routes.get("/user/{user}/email", gives=Page[UserEmailShape])
def list_emails(call: Call, user: str, paging: Paging = PAGING) -> Page[UserEmailShape]:
    """List the addresses of the token's person."""
    return page_of(call, _emails(own_user(call.access, user)), paging, lambda one: _email(one, call.access))


@routes.get("/user/{user}/email/{email}", gives=UserEmailShape)
def get_email(call: Call, user: str, email: str) -> UserEmailShape:
    """Get one address of the token's person, by its id or as it is written."""
    found = [_email(one, call.access) for one in _emails(own_user(call.access, user))]
    for one in found:
        if email in (one.id, one.email):
            return one
    raise Http404


@routes.get("/user/{user}/preferences", gives=PreferencesShape)
def get_preferences(call: Call, user: str) -> PreferencesShape:
    """Get which emails of the vendor's the person wants."""
    return _preferences(own_user(call.access, user))


@routes.patch("/user/{user}/preferences", gives=PreferencesShape, needs=Power.MEMBER)
def change_preferences(call: Call, user: str, body: PreferencesChange) -> PreferencesShape:
    """Set which emails of the vendor's the person wants: it is kept, and there are none."""
    own = own_user(call.access, user)
    own.email_preferences |= {name: value for name in body.model_fields_set if (value := getattr(body, name))}
    own.save(update_fields=["email_preferences"])
    own.refresh_from_db()
    return _preferences(own)


@routes.get("/user/{user}/audit_log", gives=Page[AuditRecord])
def list_own_events(call: Call, user: str, paging: Paging = PAGING) -> Page[AuditRecord]:
    """List what the token's person has done in the tenant, the newest first."""
    own = AuditEvent.objects.filter(tenant_id=call.tenant.pk, actor_id=own_user(call.access, user).pk)
    return events_page(call, own, paging)


def person(access: Access, user: str) -> User:
    """Find somebody of the tenant by handle or id. Raises Http404."""
    found = at_most_one(members.people_of(access.scope.tenant).filter(named(user)))
    if found is None:
        raise Http404
    return found


def _own_organizations(access: Access) -> QuerySet[Any, Any]:
    return lookup.organizations_for(access).values("pk")


def own_user(access: Access, user: str) -> User:
    """Give the token's person where that is who is meant; what others have is nobody else's business."""
    if user not in (access.user.handle, access.user.public_id):
        raise Http404
    return access.user


def _emails(user: User) -> QuerySet[EmailAddress]:
    return EmailAddress.objects.filter(user=user)


def _email(address: EmailAddress, access: Access) -> UserEmailShape:
    tenant: Tenant = access.scope.tenant
    return UserEmailShape(
        id=derived_id("ue", f"{access.user.public_id}:{address.pk}"),
        email=address.email,
        status="verified" if address.verified else "pending",
        tenant_id=tenant.public_id,
        created_at=access.user.joined_at,
    )


def _preferences(user: User) -> PreferencesShape:
    return PreferencesShape(
        **user.email_preferences,
        id=user.public_id,
        created_at=user.joined_at,
        updated_at=user.updated_at,
        version_id=user.version,
    )
