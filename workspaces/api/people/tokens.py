"""Tokens: those of the token's person, and what is done with those of service accounts."""

from datetime import timedelta
from typing import Literal

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from pydantic import Field

from workspaces.access import Power
from workspaces.api import shapes
from workspaces.api.bodies import Body
from workspaces.api.paging import PAGING, Page, Paging, page_of
from workspaces.api.people.users import own_user
from workspaces.api.problems import ProblemError, invalid
from workspaces.api.routes import Call, Routes, of_version
from workspaces.database import at_most_one
from workspaces.models import Token, User
from workspaces.people import tokens

routes = Routes("Tokens")


class NewToken(Body):
    title: str = Field(default="", max_length=100)
    expiration: int | None = Field(default=None, ge=60, le=10 * 365 * 86400, description="Seconds until it is over")


class TokenChange(Body):
    title: str | None = Field(default=None, max_length=100)
    status: Literal["active", "inactive", ""] | None = None


@routes.get("/user/{user}/token", gives=Page[shapes.TokenShape])
def list_tokens(call: Call, user: str, paging: Paging = PAGING) -> Page[shapes.TokenShape]:
    """List the person's tokens in the tenant."""
    return page_of_tokens(call, own_user(call.access, user), paging)


@routes.post("/user/{user}/token", gives=shapes.TokenShape, needs=Power.MEMBER)
def make_token(call: Call, user: str, body: NewToken | None = None) -> shapes.TokenShape:
    """Make a token; its text is in this answer and in no other. It ends with the one that made it at the latest."""
    return make(call, _person(call, user), body)


@routes.get("/user/{user}/token/{token_id}", gives=shapes.TokenShape)
def get_token(call: Call, user: str, token_id: str) -> shapes.TokenShape:
    """Get one of the person's tokens."""
    return get(call, own_user(call.access, user), token_id)


@routes.patch("/user/{user}/token/{token_id}", gives=shapes.TokenShape, needs=Power.MEMBER)
def change_token(call: Call, user: str, token_id: str, body: TokenChange) -> shapes.TokenShape:
    """Rename a token, or say whether it signs in."""
    return change(call, _person(call, user), token_id, body)


@routes.delete("/user/{user}/token/{token_id}", gives=shapes.TokenShape, needs=Power.MEMBER)
def delete_token(call: Call, user: str, token_id: str) -> shapes.TokenShape:
    """End a token; it may be the one of this call."""
    return delete(call, _person(call, user), token_id)


def _person(call: Call, user: str) -> User:
    own = own_user(call.access, user)
    if own.is_service_account:
        raise PermissionDenied("Tokens of a service account are its owners' to make, change and end.")
    return own


def page_of_tokens(call: Call, user: User, paging: Paging) -> Page[shapes.TokenShape]:
    """Give one page of somebody's tokens."""
    rows = tokens.tokens_of(user, call.tenant).select_related(*shapes.PEOPLE_OF_ROW)
    return page_of(call, rows, paging, lambda token: shapes.token_shape(token, user, call.tenant))


def make(call: Call, user: User, body: NewToken | None) -> shapes.TokenShape:
    """Make a token of somebody; none outlives the one that has made it: whoever stole that would have one for good."""
    tenant, now = call.tenant, timezone.now()
    wanted = body or NewToken()
    expires_at = now + timedelta(seconds=wanted.expiration) if wanted.expiration else None
    longest = [now + timedelta(days=tenant.token_max_days)] if tenant.token_max_days else []
    own_end = call.request.signed_in.token.expires_at  # type: ignore[attr-defined]  # by the door
    longest += [own_end] if own_end else []
    if longest and not wanted.expiration:
        expires_at = min(longest)
    elif expires_at and own_end and expires_at > own_end:
        expires_at = own_end
    try:
        text = tokens.make(user=user, tenant=tenant, title=wanted.title, expires_at=expires_at, by=call.user, now=now)
    except tokens.TooManyTokensError as error:
        raise ProblemError(409, str(error)) from None
    except tokens.TokenLifeError as error:
        raise invalid("expiration", str(error)) from None
    token = Token.objects.select_related(*shapes.PEOPLE_OF_ROW).get(public_id=text[: text.rindex("_")])
    return shapes.token_shape(token, user, tenant, text=text)


def get(call: Call, user: User, token: str) -> shapes.TokenShape:
    return shapes.token_shape(_token(call, user, token), user, call.tenant)


def change(call: Call, user: User, token: str, body: TokenChange) -> shapes.TokenShape:
    found = _token(call, user, token)
    of_version(call, found)
    sent = body.given(title="title", status="status")
    is_active = sent["status"] == "active" if "status" in sent else found.is_active
    tokens.change(token=found, title=sent.get("title", found.title), is_active=is_active, by=call.user)
    return get(call, user, token)


def delete(call: Call, user: User, token: str) -> shapes.TokenShape:
    found = _token(call, user, token)
    shape = shapes.token_shape(found, user, call.tenant)
    tokens.delete(token=found, by=call.user)
    return shape


def _token(call: Call, user: User, token: str) -> Token:
    own = tokens.tokens_of(user, call.tenant).select_related("tenant", "user", *shapes.PEOPLE_OF_ROW)
    found = at_most_one(own.filter(public_id=token))
    if found is None:
        raise Http404
    return found
