"""Delegates: who may do what to single things, for those who own where the things are. Ours, beyond Pipes."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Model
from django.http import Http404
from pydantic import BaseModel

from workspaces.access import Power, Scope
from workspaces.api import shapes
from workspaces.api.bodies import Body, checked
from workspaces.api.paging import PAGING, Page, Paging, part_of
from workspaces.api.problems import ProblemError, invalid
from workspaces.api.routes import NAMED_TENANT, ORG, WORKSPACE, Call, Routes
from workspaces.database import at_most_one
from workspaces.delegation.rows import table_of
from workspaces.delegation.verbs import VERBS_OF, WORDS, Verb
from workspaces.forms.delegates import DelegateForm
from workspaces.models import User
from workspaces.people import delegates
from workspaces.people.delegates import Delegate
from workspaces.places import members
from workspaces.wording.names import isolated

routes = Routes("Delegates")
_AT = (NAMED_TENANT, ORG, WORKSPACE)
ALL = "/delegate"
ONE = "/delegate/{user}/{permission}"


class Origin(BaseModel):
    """The folder above, on which something is delegated that holds for all below it."""

    id: str
    title: str


class DelegateShape(BaseModel):
    """One thing that somebody may do to what the path names."""

    user: shapes.UserShape
    user_id: str
    permission: str
    created_at: datetime
    created_by: shapes.UserShape | None = None
    created_by_id: str
    inherited_from: Origin | None = None


class NewDelegate(Body):
    """A member, or a service account, by handle or id, and what they may do."""

    user_handle: str | None = None
    user_id: str | None = None
    permission: str


@routes.get(ALL, gives=Page[DelegateShape], at=_AT, needs=Power.OWNER)
def list_delegates(call: Call, paging: Paging = PAGING) -> Page[DelegateShape]:
    """List who may do what to the place itself without owning it."""
    return delegates_page(call, call.scope.place, paging)


@routes.post(ALL, gives=DelegateShape, at=_AT)
def add_delegate(call: Call, body: NewDelegate) -> DelegateShape:
    """Let a member do one thing to the place itself."""
    return give(call, call.scope.place, body)


@routes.delete(ONE, gives=DelegateShape, at=_AT)
def remove_delegate(call: Call, user: str, permission: str) -> DelegateShape:
    """Take from somebody what they may do to the place itself."""
    return take(call, call.scope.place, user, permission)


def delegates_page(call: Call, thing: Model, paging: Paging, above: Sequence[Model] = ()) -> Page[DelegateShape]:
    """Give one page of who may do what to a thing; ``above`` are the folders that it is in."""
    found, token = part_of(call, delegates.delegates_of(thing, above), paging)
    return Page(items=[_shape(call, one) for one in found], next_token=token)


def give(call: Call, thing: Model, body: NewDelegate) -> DelegateShape:
    """Delegate one verb on a thing of the call's scope; raises ProblemError."""
    verbs = VERBS_OF[table_of(thing).kind()]
    if body.permission not in verbs:
        raise invalid("permission", f"Here it is one of these: {', '.join(verbs)}.")
    form = DelegateForm({"who": _handle(call, body), "verbs": [body.permission]}, scope=call.scope, verbs=verbs)
    checked(form, who="user_id" if body.user_id else "user_handle", verbs="permission")
    user: User = form.user  # type: ignore[assignment]  # there, where the form is right
    verb = Verb(body.permission)
    if not delegates.delegate(access=call.access, thing=thing, user=user, verbs=[verb]):
        raise ProblemError(409, f"{isolated(user)} may {WORDS[verb]} already.")
    return _shape(call, _find(delegates.delegates_of(thing), user.handle, body.permission))


def take(call: Call, thing: Model, user: str, permission: str, above: Sequence[Model] = ()) -> DelegateShape:
    """Take one verb on a thing from somebody; what comes from a folder above is taken there. Raises ProblemError."""
    one = _find(delegates.delegates_of(thing, above), user, permission)
    if one.origin is not None:
        folder = isolated(one.origin.shown)
        raise ProblemError(409, f"It comes from the folder {folder}, and holds for all below it. Remove it there.")
    delegates.end(access=call.access, thing=thing, user=one.user, verbs=[one.verb])
    return _shape(call, one)


def _handle(call: Call, body: NewDelegate) -> str:
    """Give the handle of whom a body names; raises ProblemError."""
    if bool(body.user_handle) == bool(body.user_id):
        raise invalid("user_handle", "Name one of these: user_handle or user_id.")
    if body.user_handle:
        return body.user_handle
    found = at_most_one(members.people_of(call.tenant).filter(public_id=body.user_id))
    if found is None:
        raise invalid("user_id", f"Nobody in {Scope(call.tenant)} has the id “{body.user_id}”.")
    return found.handle


def _find(found: Sequence[Delegate], user: str, permission: str) -> Delegate:
    """Find what is delegated on the thing itself before what comes from above; raises Http404."""
    for one in found:
        if user in (one.user.handle, one.user.public_id) and one.verb == permission:
            return one
    raise Http404


def _shape(call: Call, one: Delegate) -> DelegateShape:
    return DelegateShape(
        user=shapes.user_shape(one.user, call.tenant),
        user_id=one.user.public_id,
        permission=one.verb,
        created_at=one.since,
        created_by=shapes.user_shape(one.by, call.tenant) if one.by else None,
        created_by_id=one.by.public_id if one.by else "",
        inherited_from=Origin(id=one.origin.public_id, title=one.origin.shown) if one.origin else None,
    )
