"""How a request finds its scope: each view declares it with one of these decorators.

Strangers get 404, members with too weak a role 403 with the reason. The view runs in one transaction that is bound to
the tenant, so the database shows it nothing else (see isolation.py).
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import InternalError
from django.db.models import F, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from psycopg.errors import ReadOnlySqlTransaction

from workspaces import isolation
from workspaces.access import Access, Power, Rule, Scope, admit
from workspaces.database import WrittenOnce
from workspaces.models import Membership, Organization, Role, User, Workspace
from workspaces.people import support_access
from workspaces.places import former_handles
from workspaces.sign_in import adapter, resubmission
from workspaces.web import remembered
from workspaces.web.htmx import htmx

_LOOKS = ("GET", "HEAD")  # what changes nothing
_LEVELS = ("tenant", "organization", "workspace")

View = Callable[Concatenate[HttpRequest, ...], HttpResponseBase]
ScopedView = Callable[Concatenate[HttpRequest, Access, ...], HttpResponseBase]


def public_view(view: View) -> View:
    """Declare a view that anybody may see."""
    view.scope = "public"  # type: ignore[attr-defined]
    return view


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """Send somebody to sign in, and then to the page; for what was to be posted, to the page with the form.

    Somebody who has typed something would lose it, and is shown it instead; our script keeps the page by itself.
    """
    if request.method in _LOOKS:
        return redirect_to_login(request.get_full_path())
    kept = resubmission.kept(request)
    if (kept.get("typed") or kept.get("unseen")) and not htmx(request):
        return render(request, "workspaces/signed_out.html", kept, status=403)
    form_page = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(form_page, {request.get_host()}, require_https=request.is_secure())
    page = urlsplit(form_page)
    return redirect_to_login(f"{page.path}?{page.query}".rstrip("?") if is_ours else "/")


def account_view(view: Callable[Concatenate[HttpRequest, User, ...], HttpResponseBase]) -> View:
    """Declare a view for any signed-in person; it is given the person, and sees only what is theirs."""

    @wraps(view)
    def inner(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return sign_in_first(request)
        with isolation.as_user(request.user.pk):
            return view(request, request.user, **arguments)

    inner.scope = "account"  # type: ignore[attr-defined]
    return inner


def _scoped(
    levels: frozenset[str], needs: Power = Power.MEMBER, *, delegates: Rule | None = None
) -> Callable[[ScopedView], View]:
    def decorate(view: ScopedView) -> View:
        def open_page(request: HttpRequest, user: User, arguments: dict[str, Any]) -> HttpResponseBase:
            with isolation.as_user(user.pk):
                handles = [arguments.pop(level, None) for level in _LEVELS]
                access = enter(user, *handles)
                if access.scope.level not in levels:
                    raise Http404
                request.access = access  # type: ignore[attr-defined]  # first: the page of a refusal shows the place
                admit(access, needs, delegates, arguments)
                with remembered.under(access.scope.tenant.pk, access.marks if request.method in _LOOKS else None):
                    if access.support is not None:
                        return _look_only(request, access, view, arguments)
                    return view(request, access, **arguments)

        @wraps(view)
        def inner(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return sign_in_first(request)
            try:
                return open_page(request, request.user, arguments)
            except (Http404, PermissionDenied) as refusal:
                if moved := _moved(request, request.user, refusal, needs, delegates):
                    return moved
                raise

        inner.scope = "/".join(sorted(levels))  # type: ignore[attr-defined]
        inner.needs = needs  # type: ignore[attr-defined]
        inner.delegates = delegates  # type: ignore[attr-defined]
        return inner

    return decorate


def _where_it_is_now(request: HttpRequest, user: User, rule: Rule | None = None) -> HttpResponse | None:
    """Lead to the page at which a place or an integration has been since it was renamed; a form is sent there again.

    With a rule, only where that lets them in: others do not learn what it is called.
    """
    match = request.resolver_match
    if match is None:
        return None
    with isolation.as_user(user.pk):
        named = former_handles.renamed(user, match.kwargs)
        if named == match.kwargs:
            return None
        access = enter(user, named["tenant"], named.get("organization"), named.get("workspace"))  # raises Http404
        if rule is not None and not rule(access, {key: named[key] for key in named if key not in _LEVELS}):
            return None
    query = request.META["QUERY_STRING"]
    url = reverse(match.view_name, kwargs=named) + (f"?{query}" if query else "")
    return HttpResponseRedirect(url, preserve_request=True)


def _moved(
    request: HttpRequest, user: User, refusal: Exception, needs: Power, rule: Rule | None
) -> HttpResponse | None:
    """Lead on from an address that was refused; delegates to what they hold, and to nothing else.

    Who was refused in a place has found that: only an integration of it can be called otherwise.
    """
    access: Access | None = getattr(request, "access", None)
    is_delegate = access is not None and access.power < needs
    if isinstance(refusal, PermissionDenied):
        names_one = request.resolver_match is not None and "integration" in request.resolver_match.kwargs
        if rule is None or not names_one or not is_delegate:
            return None
    return _where_it_is_now(request, user, rule if is_delegate else None)


def _look_only(request: HttpRequest, access: Access, view: ScopedView, arguments: dict[str, Any]) -> HttpResponseBase:
    """Show a page to the operator, recorded in the tenant's audit log, in a transaction that can write nothing else."""
    if access.support is None or not adapter.used_second_factor(request, access.user):
        raise Http404
    tenant = access.scope.tenant
    refusal = (
        f"Support access to {tenant} is for looking at pages only: nothing was changed or sent. Ask its owners to."
    )
    if request.method not in _LOOKS:
        raise PermissionDenied(refusal)
    support_access.record_page(access, access.support, request.path)
    isolation.look_only()
    try:
        response = view(request, access, **arguments)
    except InternalError as error:
        if isinstance(error.__cause__, ReadOnlySqlTransaction):
            raise PermissionDenied(refusal) from error
        raise
    if response.has_header("Content-Disposition"):  # a file: templates with external ids, copies of the audit log
        raise PermissionDenied(refusal)
    return response


tenant_view = partial(_scoped, frozenset({"tenant"}))
organization_view = partial(_scoped, frozenset({"org"}))
workspace_view = partial(_scoped, frozenset({"workspace"}))


def scope_view(
    needs: Power = Power.OWNER, *, with_workspace: bool = False, delegates: Rule | None = None
) -> Callable[[ScopedView], View]:
    """Declare a view that is mounted below tenants and organizations (and workspaces) alike.

    ``delegates`` says which delegates may open it, whatever power it needs of others.
    """
    levels = frozenset({"tenant", "org"} | ({"workspace"} if with_workspace else set()))
    return _scoped(levels, needs, delegates=delegates)


def enter(user: User, tenant: str, organization: str | None, workspace: str | None) -> Access:
    """Find the place with these handles and bind the transaction to its tenant.

    Raises Http404 when there is none, or this person has nothing to do with it: a stranger learns nothing.
    """
    memberships = tuple(_MEMBERSHIPS.ask(user.pk, tenant))
    granted = None if memberships else support_access.of_operator(user, tenant, now=timezone.now())
    if granted is not None:  # looks as an owner does, by a membership that is never saved
        memberships = (Membership(user=user, tenant=granted.tenant, role=Role.OWNER),)
    if not memberships:
        raise Http404
    scope = Scope(memberships[0].tenant)
    isolation.bind(tenant_id=scope.tenant.pk)
    if organization is None and workspace is None:
        marks = remembered.read_marks(scope.tenant.pk)
    else:
        inner = () if workspace is None else (workspace,)
        found = (_WORKSPACE if inner else _ORGANIZATION).ask(scope.tenant.pk, organization, *inner)
        if not found:
            raise Http404
        place = found[0]
        marks = place.marks
        scope = Scope(scope.tenant, place.organization, place) if inner else Scope(scope.tenant, place)
    access = Access(user, scope, memberships, granted, marks)
    if access.power == Power.NONE and not access.held_here:
        raise Http404
    return access


_MEMBERSHIPS = WrittenOnce(
    lambda user, tenant: Membership.objects.filter(user=user, tenant__handle=tenant).select_related("tenant"), -1, "-"
)
_ORGANIZATION = WrittenOnce(lambda tenant, handle: _marked(Organization).filter(tenant=tenant, handle=handle), -1, "-")
_WORKSPACE = WrittenOnce(
    lambda tenant, organization, handle: _marked(Workspace).filter(
        organization__tenant=tenant, organization__handle=organization, handle=handle
    ),
    *(-1, "-", "--"),
)


def _marked(places: "type[Model]") -> "QuerySet[Any]":
    """Read places with the marks of their tenant, in one statement, and a workspace with its organization."""
    rows = places._default_manager.annotate(marks=remembered.marks_of(F("tenant")))
    return rows.select_related("organization") if places is Workspace else rows


def console(request: HttpRequest) -> dict[str, object]:
    """Template context of every page: the access of the request, if it has a scope, and where the documentation is."""
    return {"access": getattr(request, "access", None), "docs_url": settings.DOCS_URL or reverse("docs")}


def posted_from(page: str) -> Callable[[ScopedView], ScopedView]:
    """Declare a view that takes a form of another page, the one of this URL name.

    What it refuses is shown at its own address: a person who opens or shares that one is to find the page.
    """

    def decorate(view: ScopedView) -> ScopedView:
        @wraps(view)
        def inner(request: HttpRequest, access: Access, **arguments: Any) -> HttpResponseBase:
            if request.method != "POST":
                return redirect(access.scope.url(page, **arguments))
            return view(request, access, **arguments)

        return inner

    return decorate
