"""Making places and changing them."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from workspaces.access import Access, Power, Scope
from workspaces.forms.places import NamedForm, PlaceForm
from workspaces.models import Plan
from workspaces.places import actions, lookup
from workspaces.scoping import organization_view, tenant_view, workspace_view
from workspaces.web.htmx import asks_about_field, field_status, what_to_judge

HOMES = {"org": "organization_home", "workspace": "workspace_home"}
WORDS = {"tenant": "tenant", "org": "organization", "workspace": "workspace"}


def check_tenant_settings(access: Access) -> None:
    """Raise PermissionDenied with the reason when this is a page of a tenant that has no settings of its own."""
    tenant = access.scope.tenant
    if access.scope.level == "tenant" and not tenant.is_custom:
        raise PermissionDenied(
            f"Tenant Settings need the Enterprise plan; {tenant} is on {Plan(tenant.plan).label}. "
            "Ask the operator of this installation to change the plan."
        )


@tenant_view(Power.OWNER)
def organization_create(request: HttpRequest, access: Access) -> HttpResponse:
    def create(form: PlaceForm) -> Scope:
        organization = actions.create_organization(scope=access.scope, by=access.user, **form.cleaned_data)
        return Scope(access.scope.tenant, organization)

    form = PlaceForm(
        what_to_judge(request),
        is_taken=lambda handle: lookup.is_organization_handle_taken(access.scope, handle),
        taken=f"another organization of {access.scope}",
    )
    return _create(request, form, create, {"word": "organization", "cancel_url": access.scope.url("tenant_home")})


@organization_view(Power.OWNER)
def workspace_create(request: HttpRequest, access: Access) -> HttpResponse:
    def create(form: PlaceForm) -> Scope:
        workspace = actions.create_workspace(scope=access.scope, by=access.user, **form.cleaned_data)
        return Scope(access.scope.tenant, access.scope.organization, workspace)

    form = PlaceForm(
        what_to_judge(request),
        is_taken=lambda handle: lookup.is_workspace_handle_taken(access.scope, handle),
        taken=f"another workspace of {access.scope}",
    )
    return _create(request, form, create, {"word": "workspace", "cancel_url": access.scope.url("organization_home")})


def _create(
    request: HttpRequest, form: PlaceForm, create: Callable[[PlaceForm], Scope], context: dict[str, object]
) -> HttpResponse:
    if name := asks_about_field(request, form):
        return field_status(request, form, name)
    if request.method == "POST" and form.is_valid():
        try:
            scope = create(form)
        except IntegrityError:  # somebody took the handle after it was checked
            form.add_error("handle", form.taken_error(form.cleaned_data["handle"]))
        else:
            messages.success(request, f"Created {scope}.")
            return redirect(scope.url(HOMES[scope.level]))
    return render(request, "workspaces/create.html", {"form": form} | context)


@tenant_view(Power.OWNER)
def tenant_advanced(request: HttpRequest, access: Access) -> HttpResponse:
    check_tenant_settings(access)
    return _change(request, access)


@organization_view(Power.OWNER)
def organization_advanced(request: HttpRequest, access: Access) -> HttpResponse:
    return _change(request, access)


@workspace_view()
def workspace_home(request: HttpRequest, access: Access) -> HttpResponse:
    """Open the workspace at its first tab."""
    return redirect(access.scope.url("connection_list"))


@workspace_view()
def workspace_advanced(request: HttpRequest, access: Access) -> HttpResponse:
    """Change the workspace's handle and name, or read them."""
    if request.method == "POST":
        access.check(Power.OWNER)
    return _change(request, access)


def _change(request: HttpRequest, access: Access) -> HttpResponse:
    scope, word = access.scope, WORDS[access.scope.level]
    form = PlaceForm(
        what_to_judge(request),
        initial={"handle": scope.place.handle, "name": scope.place.name},
        is_taken=lambda handle: lookup.is_taken(scope, handle),
        taken=f"another {word}",
    )
    if name := asks_about_field(request, form):
        return field_status(request, form, name)
    if request.method == "POST" and form.is_valid() and _save(form, access):
        messages.success(request, f"Saved the {word} {scope.place.handle}.")
        return redirect(scope.url(f"{word}_advanced"))
    template = "workspaces/workspace_advanced.html" if scope.workspace else "workspaces/advanced.html"
    return render(request, template, {"form": form, "word": word})


def _save(form: NamedForm, access: Access) -> bool:
    place = access.scope.place
    before = (place.handle, place.name)
    try:
        actions.change_place(scope=access.scope, by=access.user, **form.cleaned_data)
    except IntegrityError:  # somebody took the handle after it was checked
        form.add_error("handle", form.taken_error(form.cleaned_data["handle"]))
        place.handle, place.name = before
        return False
    return True
