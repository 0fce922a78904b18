"""Service accounts of the tenant or an organization, and their tokens; for its owners."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from pydantic import Field

from workspaces.access import Power
from workspaces.api import shapes
from workspaces.api.bodies import Body, checked
from workspaces.api.paging import PAGING, Page, Paging, page_of
from workspaces.api.people import tokens
from workspaces.api.people.tokens import NewToken, TokenChange
from workspaces.api.routes import NAMED_TENANT, ORG, TENANT, Call, Routes, named, of_version
from workspaces.database import at_most_one
from workspaces.forms.service_accounts import ServiceAccountForm
from workspaces.models import User
from workspaces.people import service_accounts

routes = Routes("Service accounts")
_AT = (TENANT, NAMED_TENANT, ORG)
_ALL = "/service_account"
_ONE = "/service_account/{account}"
_NO_TOKENS = "A service account makes no tokens, for nobody: a person does that."


class AccountBody(Body):
    """What a service account is called, and what is said of it."""

    title: str | None = Field(default=None, max_length=100)
    description: str | None = Field(default=None, max_length=500)


@routes.get(_ALL, gives=Page[shapes.UserShape], at=_AT, needs=Power.OWNER)
def list_service_accounts(call: Call, paging: Paging = PAGING) -> Page[shapes.UserShape]:
    """List the service accounts of the place itself."""
    rows = service_accounts.of(call.scope)
    return page_of(call, rows, paging, lambda member: _shape(call, member.user))


@routes.post(_ALL, gives=shapes.UserShape, at=_AT)
def create_service_account(call: Call, body: AccountBody | None = None) -> shapes.UserShape:
    """Create a service account, which is a member of the place at first; a person does that.

    Without a title it is called by its handle.
    """
    _check_person(call, "A service account makes no service accounts: a person does that.")
    made = service_accounts.create(scope=call.scope, **_texts(body or AccountBody()), by=call.user)
    return _shape(call, _found(call, made.user.handle))


@routes.get(_ONE, gives=shapes.UserShape, at=_AT, needs=Power.OWNER)
def get_service_account(call: Call, account: str) -> shapes.UserShape:
    """Get a service account, by its id or handle."""
    return _shape(call, _found(call, account))


@routes.patch(_ONE, gives=shapes.UserShape, at=_AT)
def change_service_account(call: Call, account: str, body: AccountBody) -> shapes.UserShape:
    """Change what a service account is called, or what is said of it."""
    found = _found(call, account)
    of_version(call, found)
    texts = _texts(body, title=found.name, description=found.description)
    service_accounts.change(scope=call.scope, account=found, **texts, by=call.user)
    return _shape(call, _found(call, found.handle))


@routes.delete(_ONE, gives=None, at=_AT, status=204)
def delete_service_account(call: Call, account: str) -> HttpResponse:
    """Delete a service account; its tokens end at once."""
    service_accounts.delete(scope=call.scope, account=_found(call, account), by=call.user)
    return HttpResponse(status=204)


@routes.get(f"{_ONE}/token", gives=Page[shapes.TokenShape], at=_AT, needs=Power.OWNER)
def list_account_tokens(call: Call, account: str, paging: Paging = PAGING) -> Page[shapes.TokenShape]:
    """List the tokens of a service account."""
    return tokens.page_of_tokens(call, _found(call, account), paging)


@routes.post(f"{_ONE}/token", gives=shapes.TokenShape, at=_AT)
def make_account_token(call: Call, account: str, body: NewToken | None = None) -> shapes.TokenShape:
    """Make a token of a service account, which has two at most; its text is in this answer and in no other.

    A person does that.
    """
    found = _found(call, account)
    _check_person(call, _NO_TOKENS)
    return tokens.make(call, found, body)


@routes.get(f"{_ONE}/token/{{token_id}}", gives=shapes.TokenShape, at=_AT, needs=Power.OWNER)
def get_account_token(call: Call, account: str, token_id: str) -> shapes.TokenShape:
    """Get one of the tokens of a service account."""
    return tokens.get(call, _found(call, account), token_id)


@routes.patch(f"{_ONE}/token/{{token_id}}", gives=shapes.TokenShape, at=_AT)
def change_account_token(call: Call, account: str, token_id: str, body: TokenChange) -> shapes.TokenShape:
    """Rename a token of a service account, or say whether it signs in: that it does, a person says."""
    found = _found(call, account)
    if body.status == "active":
        _check_person(call, _NO_TOKENS)
    if found == call.user:
        raise PermissionDenied("A service account changes no tokens of its own: another owner does.")
    return tokens.change(call, found, token_id, body)


@routes.delete(f"{_ONE}/token/{{token_id}}", gives=shapes.TokenShape, at=_AT)
def delete_account_token(call: Call, account: str, token_id: str) -> shapes.TokenShape:
    """End a token of a service account."""
    return tokens.delete(call, _found(call, account), token_id)


def _shape(call: Call, account: User) -> shapes.UserShape:
    """Give it with what is said of it, which is for those who own the place."""
    return shapes.user_shape(account, call.tenant).model_copy(update={"description": account.description})


def _found(call: Call, account: str) -> User:
    found = at_most_one(service_accounts.of(call.scope).filter(named(account, "user__")))
    if found is None:
        raise Http404
    return found.user


def _check_person(call: Call, sentence: str) -> None:
    """Refuse a service account what would outlast it: of two that own a place each could keep the other in it."""
    if call.user.is_service_account:
        raise PermissionDenied(sentence)


def _texts(body: AccountBody, *, title: str = "", description: str = "") -> dict[str, str]:
    """Hold what is sent to the form of the pages; what is not sent stays, and an empty title is none that is sent."""
    sent = body.given(title="title") | ({} if body.description is None else {"description": body.description})
    form = ServiceAccountForm(sent)
    form.fields["title"].required = "title" in sent
    values = checked(form)
    return {"title": title, "description": description} | {name: values[name] for name in sent}
