"""A workspace's search path: in which order names are looked up."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connections import actions, names, schemas
from connections.forms.aggregator import SearchPathForm
from connections.views.context import PAGE_SIZE
from connections.views.workspace import workspace_of
from workspaces.access import Access, Power
from workspaces.scoping import workspace_view


@workspace_view()
def search_path(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the resolved search path, and change its prefix."""
    workspace = workspace_of(access.scope)
    form = SearchPathForm(
        request.POST if request.method == "POST" else None,
        initial={"names": "\n".join(workspace.search_path_prefix)},
        label_suffix="",
    )
    if request.method == "POST":
        access.check(Power.OWNER)
        if form.is_valid():
            actions.change_search_path(scope=access.scope, prefix=form.cleaned_data["names"], by=access.user)
            messages.success(request, "Saved the search path prefix.")
            return redirect(request.path)
    inside = schemas.contents(workspace)
    path = names.SearchPath(inside, names.totals(inside))
    page = Paginator(path, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "rows": list(page)}
    return render(request, "connections/workspace/search_path.html", context)
