"""Making places and changing them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from workspaces.access import Access, Power, check_tenant_settings, holds
from workspaces.delegation.verbs import Verb
from workspaces.forms.places import NamedForm, PlaceForm
from workspaces.models import Workspace
from workspaces.places import actions, lookup
from workspaces.scoping import organization_view, scope_view, tenant_view, workspace_view
from workspaces.web.htmx import asks_about_field, field_status, what_to_judge


@tenant_view(Power.OWNER)
def organization_create(request: HttpRequest, access: Access) -> HttpResponse:
    siblings = access.scope.tenant.organizations
    return _create(request, access, actions.create_organization, "organization", siblings, "tenant_home")


@organization_view(Power.OWNER)
def workspace_create(request: HttpRequest, access: Access) -> HttpResponse:
    siblings = Workspace.objects.filter(organization=access.scope.organization)
    return _create(request, access, actions.create_workspace, "workspace", siblings, "organization_home")


def _create(
    request: HttpRequest, access: Access, create: Callable[..., Any], word: str, siblings: Any, above: str
) -> HttpResponse:
    """Ask for a handle that none of the siblings has, and a name, and create an organization or a workspace."""
    form = PlaceForm(
        what_to_judge(request),
        is_taken=lambda handle: siblings.filter(handle=handle).exists(),
        taken=f"another {word} of {access.scope}",
    )
    if name := asks_about_field(request, form):
        return field_status(request, form, name)
    if request.method == "POST" and form.is_valid():
        try:
            made = create(scope=access.scope, by=access.user, **form.cleaned_data)
        except IntegrityError:  # somebody took the handle after it was checked
            form.add_error("handle", form.taken_error(form.cleaned_data["handle"]))
        else:
            scope = replace(access.scope, **{word: made})
            messages.success(request, f"Created {scope}.")
            return redirect(scope.url(f"{word}_home"))
    context = {"form": form, "word": word, "cancel_url": access.scope.url(above)}
    return render(request, "workspaces/create.html", context)


@scope_view(Power.OWNER)
def advanced(request: HttpRequest, access: Access) -> HttpResponse:
    """Change the handle and name of a tenant or organization."""
    check_tenant_settings(access)
    return _change(request, access)


@workspace_view(delegates=holds(Verb.USE_SCHEMAS))
def workspace_home(request: HttpRequest, access: Access) -> HttpResponse:
    return redirect(access.scope.url("connection_list"))


@workspace_view()
def workspace_advanced(request: HttpRequest, access: Access) -> HttpResponse:
    """Change the workspace's handle and name, or read them."""
    if request.method == "POST":
        access.check(Power.OWNER)
    return _change(request, access)


def _change(request: HttpRequest, access: Access) -> HttpResponse:
    scope, word = access.scope, access.scope.place._meta.model_name
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
