"""Adding many folders and connections to the schema of a workspace, and removing them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connections.delegation import MANAGE
from integrations.forms.many import WorkspaceForm
from integrations.nodes import many
from integrations.settings.change import UnseenImpactError
from integrations.views.many.confirm import ask
from integrations.views.many.selection import NothingChosenError, Selection, go_back, selection_of
from workspaces.access import Access, Power, Scope
from workspaces.scoping import posted_from, scope_view


@scope_view(Power.OWNER, with_workspace=True, delegates=MANAGE)
@posted_from("connection_list")
def many_schema(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for the workspace, where the list is not that of one, show what it means to it, and do it."""
    try:
        selection = selection_of(request, access)
    except NothingChosenError as error:
        return go_back(request, access, error)
    is_adding = request.POST.get("do") != "remove"
    verb = "Add" if is_adding else "Remove"
    where = "to the schema" if is_adding else "from the schema"
    if access.scope.workspace:
        return _change(request, access, selection, access.scope, is_adding=is_adding)
    form = WorkspaceForm(access.scope, request.POST if "workspace" in request.POST else None)
    if form.is_valid():
        workspace = form.cleaned_data["workspace"]
        scope = Scope(access.scope.tenant, workspace.organization, workspace)
        return _change(request, access, selection, scope, is_adding=is_adding)
    context = {
        "form": form,
        "page_name": f"{verb} {selection.chosen.words} {where}",
        "do": "add" if is_adding else "remove",
        "values": selection.values,
        "cancel_url": selection.back_url,
        "crumbs": [("Connections", access.scope.url("connection_list"))],
    }
    return render(request, "integrations/many/schema.html", context)


def _change(
    request: HttpRequest, access: Access, selection: Selection, scope: Scope, *, is_adding: bool
) -> HttpResponse:
    chosen = selection.chosen
    found = many.schema_impact(scope, chosen, is_adding=is_adding)
    if not found.changed.number:
        why = " ".join(found.left_out)
        messages.info(request, f"Nothing was changed in the schema of {scope.workspace}. {why}")
        return redirect(selection.back_url)
    if seen := request.POST.get("seen"):
        try:
            done = many.change_schema(scope=scope, chosen=chosen, is_adding=is_adding, seen=seen, by=access.user)
        except UnseenImpactError:
            found = many.schema_impact(scope, chosen, is_adding=is_adding)
        else:
            verb, where = ("Added", "to") if is_adding else ("Removed", "from")
            messages.success(request, f"{verb} {done.changed.words} {where} the schema of {scope.workspace}.")
            return redirect(selection.back_url)
    verb, where = ("Add", "to") if is_adding else ("Remove", "from")
    act = f"{verb} {found.changed.words}"
    words = f"{verb} {where} the schema of the workspace {scope.organization}/{scope.workspace}."
    return ask(request, access, selection, found, act=act, sentences=[words])
