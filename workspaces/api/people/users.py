"""People of the tenant, and what belongs to the token's person alone."""

from datetime import datetime, timedelta
from typing import Any, Literal

from allauth.account.models import EmailAddress
from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone
from pydantic import BaseModel, Field

from workspaces.access import Access, Power
from workspaces.api import shapes
from workspaces.api.audit_log import AuditRecord, events_page
from workspaces.api.bodies import Body, checked
from workspaces.api.paging import PAGING, Page, Paging, cut, page_of
from workspaces.api.problems import ProblemError, invalid
from workspaces.api.routes import Call, Routes, named, of_version
from workspaces.forms.places import ProfileForm
from workspaces.models import AuditEvent, Invitation, Membership, Organization, Tenant, Token, User
from workspaces.models.versioned import derived_id
from workspaces.people import tokens
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


class NewToken(Body):
    title: str = Field(default="", max_length=100)
    expiration: int | None = Field(default=None, ge=60, le=10 * 365 * 86400, description="Seconds until it is over")


class TokenChange(Body):
    title: str | None = Field(default=None, max_length=100)
    status: Literal["active", "inactive", ""] | None = None


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
    organization = Organization.objects.filter(
        named(identity), tenant=tenant, pk__in=_own_organizations(call.access)
    ).first()
    if organization:
        return shapes.identity_of_org(organization, tenant)
    invited = Invitation.objects.open().filter(tenant=tenant, public_id=identity).first()
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
    found = _self(call.access, user)
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
    return page_of(call, _emails(_self(call.access, user)), paging, lambda one: _email(one, call.access))


@routes.get("/user/{user}/email/{email}", gives=UserEmailShape)
def get_email(call: Call, user: str, email: str) -> UserEmailShape:
    """Get one address of the token's person, by its id or as it is written."""
    found = [_email(one, call.access) for one in _emails(_self(call.access, user))]
    for one in found:
        if email in (one.id, one.email):
            return one
    raise Http404


@routes.get("/user/{user}/preferences", gives=PreferencesShape)
def get_preferences(call: Call, user: str) -> PreferencesShape:
    """Get which emails of the vendor's the person wants."""
    return _preferences(_self(call.access, user))


@routes.patch("/user/{user}/preferences", gives=PreferencesShape, needs=Power.MEMBER)
def change_preferences(call: Call, user: str, body: PreferencesChange) -> PreferencesShape:
    """Set which emails of the vendor's the person wants: it is kept, and there are none."""
    own = _self(call.access, user)
    own.email_preferences |= {name: value for name in body.model_fields_set if (value := getattr(body, name))}
    own.save(update_fields=["email_preferences"])
    own.refresh_from_db()
    return _preferences(own)


@routes.get("/user/{user}/audit_log", gives=Page[AuditRecord])
def list_own_events(call: Call, user: str, paging: Paging = PAGING) -> Page[AuditRecord]:
    """List what the token's person has done in the tenant, the newest first."""
    own = AuditEvent.objects.filter(tenant_id=call.tenant.pk, actor_id=_self(call.access, user).pk)
    return events_page(call, own, paging)


@routes.get("/user/{user}/token", gives=Page[shapes.TokenShape])
def list_tokens(call: Call, user: str, paging: Paging = PAGING) -> Page[shapes.TokenShape]:
    """List the person's tokens in the tenant."""
    own, tenant = _self(call.access, user), call.tenant
    rows = tokens.tokens_of(own, tenant).select_related(*shapes.PEOPLE_OF_ROW)
    return page_of(call, rows, paging, lambda token: shapes.token_shape(token, own, tenant))


@routes.post("/user/{user}/token", gives=shapes.TokenShape, needs=Power.MEMBER)
def make_token(call: Call, user: str, body: NewToken | None = None) -> shapes.TokenShape:
    """Make a token; its text is in this answer and in no other. It ends with the one that made it at the latest."""
    own, tenant, now = _self(call.access, user), call.tenant, timezone.now()
    wanted = body or NewToken()
    expires_at = now + timedelta(seconds=wanted.expiration) if wanted.expiration else None
    longest = [now + timedelta(days=tenant.token_max_days)] if tenant.token_max_days else []
    # None outlives the token that has made it: whoever stole that would have one for good.
    own_end = call.request.signed_in.token.expires_at  # type: ignore[attr-defined]  # by the door
    longest += [own_end] if own_end else []
    if longest and not wanted.expiration:
        expires_at = min(longest)
    elif expires_at and own_end and expires_at > own_end:
        expires_at = own_end
    try:
        text = tokens.make(user=own, tenant=tenant, title=wanted.title, expires_at=expires_at, by=own, now=now)
    except tokens.TooManyTokensError as error:
        raise ProblemError(409, str(error)) from None
    except tokens.TokenLifeError as error:
        raise invalid("expiration", str(error)) from None
    token = Token.objects.select_related(*shapes.PEOPLE_OF_ROW).get(public_id=text[: text.rindex("_")])
    return shapes.token_shape(token, own, tenant, text=text)


@routes.get("/user/{user}/token/{token_id}", gives=shapes.TokenShape)
def get_token(call: Call, user: str, token_id: str) -> shapes.TokenShape:
    """Get one of the person's tokens."""
    own = _self(call.access, user)
    return shapes.token_shape(_token(call.access, own, token_id), own, call.tenant)


@routes.patch("/user/{user}/token/{token_id}", gives=shapes.TokenShape, needs=Power.MEMBER)
def change_token(call: Call, user: str, token_id: str, body: TokenChange) -> shapes.TokenShape:
    """Rename a token, or say whether it signs in."""
    own = _self(call.access, user)
    found = _token(call.access, own, token_id)
    of_version(call, found)
    sent = body.given(title="title", status="status")
    is_active = sent["status"] == "active" if "status" in sent else found.is_active
    tokens.change(token=found, title=sent.get("title", found.title), is_active=is_active, by=call.user)
    return shapes.token_shape(_token(call.access, own, token_id), own, call.tenant)


@routes.delete("/user/{user}/token/{token_id}", gives=shapes.TokenShape, needs=Power.MEMBER)
def delete_token(call: Call, user: str, token_id: str) -> shapes.TokenShape:
    """End a token; it may be the one of this call."""
    own = _self(call.access, user)
    found = _token(call.access, own, token_id)
    shape = shapes.token_shape(found, own, call.tenant)
    tokens.delete(token=found, by=call.user)
    return shape


def person(access: Access, user: str) -> User:
    """Find somebody of the tenant by handle or id. Raises Http404."""
    found = members.people_of(access.scope.tenant).filter(named(user)).first()
    if found is None:
        raise Http404
    return found


def _own_organizations(access: Access) -> QuerySet[Any, Any]:
    return lookup.organizations_for(access).values("pk")


def _self(access: Access, user: str) -> User:
    """Give the token's person where that is who is meant; what others have is nobody else's business."""
    if user not in (access.user.handle, access.user.public_id):
        raise Http404
    return access.user


def _token(access: Access, user: User, token: str) -> Token:
    own = tokens.tokens_of(user, access.scope.tenant).select_related("tenant", "user", *shapes.PEOPLE_OF_ROW)
    found = own.filter(public_id=token).first()
    if found is None:
        raise Http404
    return found


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
