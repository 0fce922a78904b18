"""How a route of the API is declared: its path, at which levels it is, and who may use it.

A route that is at several levels is one function, which is given the scope in its ``Call``: its paths begin with
nothing for the tenant (or with ``/tenant/{tenant}``, where clients name it), with ``/org/{org}`` for an organization,
and with ``/org/{org}/workspace/{workspace}`` for a workspace. As on pages, strangers get 404 and members with too weak
a role 403 with the reason.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router
from pydantic import BaseModel

from workspaces.access import Access, Power, Rule, Scope, admit
from workspaces.api.problems import Problem, ProblemError
from workspaces.database import WrittenOnce, at_most_one
from workspaces.handles import is_an_id
from workspaces.models import Organization, Tenant, User, Workspace
from workspaces.people.tokens import SignedIn

TENANT, NAMED_TENANT, ORG, WORKSPACE = "tenant", "named_tenant", "org", "workspace"
_BEFORE: Final = {
    TENANT: "",
    NAMED_TENANT: "/tenant/{tenant}",
    ORG: "/org/{org}",
    WORKSPACE: "/org/{org}/workspace/{workspace}",
}
# What is answered is declared without its model, and added where the document is written (``pipes.api``): the framework
# makes one more class of each, which took half of the time in which a process starts. Views answer what they made.
_REFUSALS: Final = (400, 401, 402, 403, 404, 405, 409, 411, 412, 413, 429, 503)
_WRITTEN: Final = {"application/json": {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
_REQUEST: Final = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=HttpRequest)


@dataclass(frozen=True, slots=True)
class Whom:
    """Who may use a route: members with this power in its scope, and the delegates that a rule lets pass."""

    needs: Power
    delegates: Rule | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One operation at one path: what a test of who may do what goes through, and the document tells answers by."""

    method: str
    path: str
    level: str
    whom: Whom
    operation_id: str
    status: int
    gives: type[BaseModel] | None


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a program, in the scope of its path: what every route is given first."""

    request: HttpRequest
    access: Access

    @property
    def user(self) -> User:
        return self.access.user

    @property
    def scope(self) -> Scope:
        return self.access.scope

    @property
    def tenant(self) -> Tenant:
        return self.access.scope.tenant


View = TypeVar("View", bound=Callable[..., BaseModel | HttpResponseBase])


class Decorator(Protocol):
    """Declares a view, and leaves it as it is."""

    def __call__(self, view: View, /) -> View: ...


class Routes:
    """The routes of one subject; ``router`` is what ``pipes.api`` mounts."""

    def __init__(self, subject: str) -> None:
        self.router = Router(tags=[subject])
        self.declared: list[Route] = []

    def get(
        self,
        path: str,
        *,
        gives: type[BaseModel] | None,
        at: Sequence[str] = (TENANT,),
        needs: Power = Power.MEMBER,
        delegates: Rule | None = None,
        status: int = 200,
        media_type: str = "",
    ) -> Decorator:
        """Declare what is read; with ``media_type`` it is written as that, and not as JSON.

        ``delegates`` says which delegates may use the route, whatever power it needs of others.
        """
        content = {media_type: {"schema": {"type": "string"}}}
        further = {status: {"content": content}} if media_type else {}
        return self._declare("GET", path, gives, status, at, Whom(needs, delegates), further)

    def post(
        self,
        path: str,
        *,
        gives: type[BaseModel] | None,
        at: Sequence[str] = (TENANT,),
        needs: Power = Power.OWNER,
        delegates: Rule | None = None,
        status: int = 201,
    ) -> Decorator:
        return self._declare("POST", path, gives, status, at, Whom(needs, delegates))

    def patch(
        self,
        path: str,
        *,
        gives: type[BaseModel] | None,
        at: Sequence[str] = (TENANT,),
        needs: Power = Power.OWNER,
        delegates: Rule | None = None,
    ) -> Decorator:
        return self._declare("PATCH", path, gives, 200, at, Whom(needs, delegates))

    def delete(
        self,
        path: str,
        *,
        gives: type[BaseModel] | None,
        at: Sequence[str] = (TENANT,),
        needs: Power = Power.OWNER,
        delegates: Rule | None = None,
        status: int = 200,
    ) -> Decorator:
        return self._declare("DELETE", path, gives, status, at, Whom(needs, delegates))

    def _declare(
        self,
        method: str,
        path: str,
        gives: type[BaseModel] | None,
        status: int,
        at: Sequence[str],
        whom: Whom,
        further: Mapping[int, Any] = MappingProxyType({}),
    ) -> Decorator:
        def decorate(view: View) -> View:
            for level in at:
                full = _BEFORE[level] + path
                levels = ["at", level] if len(at) > 1 else []
                operation_id = "_".join([method.lower(), *levels, *re.findall(r"\w+", path), view.__name__])
                self.router.add_api_operation(
                    full or "/",
                    [method],
                    _scoped(view, level, status),
                    auth=Bearer(whom),
                    response={status: None},
                    openapi_extra={"responses": {**_refusals(), **further}},
                    operation_id=operation_id,
                )
                self.declared.append(Route(method, full, level, whom, operation_id, status, gives))
            return view

        return decorate


def _refusals() -> dict[int, Any]:
    """How the document has the refusals."""
    return {status: {"description": HTTPStatus(status).phrase, "content": _WRITTEN} for status in _REFUSALS}


def named(text: str, prefix: str = "") -> Q:
    """Match what has this handle or, wherever a handle may stand, this id.

    What is written as an id is one: nobody captures the id of another thing by calling theirs so.
    """
    return Q(**{f"{prefix}{'public_id' if is_an_id(text) else 'handle'}": text})


def of_version(call: Call, row: Any) -> None:
    """Refuse to change what is of another version than the program says that it has seen; it need not say so.

    Where it does, the row is locked until the request ends, so that nobody makes another version in between.
    """
    wanted = call.request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if wanted in ("", "*"):
        return
    same = type(row)._base_manager.filter(pk=row.pk).select_for_update(no_key=True)
    now = row.version if row.pk is None else at_most_one(same.values_list("version", flat=True))
    if now is None:
        raise Http404
    if wanted != str(now):
        raise ProblemError(412, f"It is of version {now} by now, and not {wanted}. Read it again first.")


class Bearer:
    """Finds the scope of a path, and refuses whom its route is not for, before anything is read of what was sent."""

    openapi_security_schema = {"type": "http", "scheme": "bearer"}  # noqa: RUF012  as the framework reads it

    def __init__(self, whom: Whom) -> None:
        self.whom = whom

    def __call__(self, request: HttpRequest) -> Access:
        match = request.resolver_match
        places = match.kwargs if match else {}
        who: SignedIn = request.signed_in  # type: ignore[attr-defined]  # by the door
        if places.get("tenant", who.tenant.handle) not in (who.tenant.handle, who.tenant.public_id):
            raise Http404
        access = enter(who, places.get("org"), places.get("workspace"))
        admit(access, self.whom.needs, self.whom.delegates, places)
        request.access = access  # type: ignore[attr-defined]
        return access


def _scoped(view: Callable[..., Any], level: str, status: int) -> Callable[..., HttpResponseBase]:
    """Make the view of one level, which takes the names of the places and leaves them to ``Bearer``."""

    names = re.findall(r"\w+(?=\})", _BEFORE[level])

    def inner(request: HttpRequest, **values: Any) -> HttpResponseBase:
        for place in names:
            values.pop(place, None)
        result = view(Call(request, request.access), **values)  # type: ignore[attr-defined]  # by Bearer
        if isinstance(result, HttpResponseBase):
            return result
        return HttpResponse(result.model_dump_json(exclude_none=True), content_type="application/json", status=status)

    own = list(inspect.signature(view).parameters.values())
    places = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=str) for name in names]
    further = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own[1:]]
    inner.__signature__ = inspect.Signature([_REQUEST, *places, *further])  # type: ignore[attr-defined]
    inner.__name__, inner.__doc__ = view.__name__, view.__doc__
    return inner


def enter(who: SignedIn, org: str | None, workspace: str | None) -> Access:
    """Find the place with these handles or ids in the token's tenant; raises Http404 where the person has no part."""
    scope: Scope | None = Scope(who.tenant)
    if workspace is not None and org is not None:
        workspaces = Workspace.objects.select_related("organization", "created_by", "updated_by")
        found = at_most_one(workspaces.filter(named(workspace), named(org, "organization__"), tenant=who.tenant))
        scope = Scope(who.tenant, found.organization, found) if found else None
    elif org is not None:
        places = (_OF_ID if is_an_id(org) else _OF_HANDLE).ask(org, who.tenant.pk)
        scope = Scope(who.tenant, places[0]) if places else None
    if scope is None:
        raise Http404
    access = Access(who.user, scope, who.memberships)
    if access.power == Power.NONE and not access.held_here:
        raise Http404
    return access


def _organizations(text: str, tenant: int) -> QuerySet[Organization]:
    return Organization.objects.filter(named(text), tenant=tenant)


_OF_HANDLE: Final = WrittenOnce(_organizations, "-", -1)
_OF_ID: Final = WrittenOnce(_organizations, f"o_{'0' * 20}", -1)
