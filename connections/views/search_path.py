"""A workspace's search path: in which order names are looked up."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connections import actions
from connections.delegation import USE, check_manage, may_manage
from connections.errors import ChangedMeanwhileError
from connections.forms.aggregator import SearchPathForm
from connections.schemas import in_use, schema_names
from connections.schemas.in_use import workspace_of
from connections.schemas.rows import totals
from workspaces.access import Access
from workspaces.models import Workspace
from workspaces.scoping import workspace_view
from workspaces.web.pagination import numbered_page

CHANGED_MEANWHILE = (
    "Somebody else changed the search path since you opened this page: its prefix is {} now. Save again to replace that"
    " with what you entered."
)


@workspace_view(delegates=USE)
def search_path(request: HttpRequest, access: Access) -> HttpResponse:
    workspace = workspace_of(access.scope)
    form = SearchPathForm(
        request.POST if request.method == "POST" else None,
        initial={"names": "\n".join(workspace.search_path_prefix), "seen": " ".join(workspace.search_path_prefix)},
        label_suffix="",
    )
    if request.method == "POST":
        check_manage(access)
        if form.is_valid() and _save(form, access, workspace):
            messages.success(request, "Saved the search path prefix.")
            return redirect(request.path)
    inside = in_use.contents(workspace)
    path = schema_names.SearchPath(inside, totals(inside))
    page = numbered_page(request, path)
    context = {"form": form, "page": page, "rows": list(page), "acts": may_manage(access)}
    return render(request, "connections/schemas/search_path.html", context)


def _save(form: SearchPathForm, access: Access, workspace: Workspace) -> bool:
    names, seen = form.cleaned_data["names"], form.cleaned_data["seen"].split()
    try:
        actions.change_search_path(scope=access.scope, prefix=names, seen=seen, by=access.user)
    except ChangedMeanwhileError:
        form.add_error(None, CHANGED_MEANWHILE.format(", ".join(workspace.search_path_prefix) or "empty"))
        form.data = dict(form.data.items()) | {"seen": " ".join(workspace.search_path_prefix)}
        return False
    return True
