"""One workspace: with its search path, which is made of what it has in use.

The routes are among those of places: all that is at one path has to be.
"""

from typing import Literal

from connections import actions
from connections.delegation import MANAGE, USE
from connections.errors import ChangedMeanwhileError
from connections.forms.aggregator import SearchPathForm
from connections.schemas import in_use
from connections.schemas.in_use import workspace_of
from connections.schemas.rows import totals
from connections.schemas.schema_names import SearchPath
from workspaces.access import Power
from workspaces.api.bodies import Body, checked
from workspaces.api.places import change_place, routes
from workspaces.api.problems import ProblemError
from workspaces.api.routes import WORKSPACE, Call, of_version
from workspaces.api.shapes import PEOPLE_OF_ROW, WorkspaceShape, workspace_shape
from workspaces.models import Workspace

_AT = (WORKSPACE,)


class WorkspaceChange(Body):
    """No query engine runs here, so there is one size of it, and it cannot be stopped."""

    handle: str | None = None
    instance_type: Literal["db1.shared", ""] | None = None
    desired_state: Literal["enabled", ""] | None = None
    search_path_prefix: list[str] | None = None


@routes.get("", gives=WorkspaceShape, at=_AT, delegates=USE)
def get_workspace(call: Call) -> WorkspaceShape:
    """Get a workspace, with the names of its schemas in the order in which they are looked up."""
    return _shape(call, workspace_of(call.scope))


@routes.patch("", gives=WorkspaceShape, at=_AT, delegates=MANAGE)
def change_workspace(call: Call, body: WorkspaceChange) -> WorkspaceShape:
    """Change what a workspace is called, or which schemas are looked up first; delegates only the latter."""
    workspace = workspace_of(call.scope)
    if body.handle not in (None, workspace.handle):
        call.access.check(Power.OWNER)
    of_version(call, workspace)
    change_place(call, body)
    if body.search_path_prefix is not None:
        form = SearchPathForm({"names": "\n".join(body.search_path_prefix)})
        prefix = checked(form, names="search_path_prefix")["names"]
        seen = workspace.search_path_prefix
        try:
            actions.change_search_path(scope=call.scope, prefix=prefix, seen=seen, by=call.user)
        except ChangedMeanwhileError:
            raise ProblemError(409, "Somebody else changed the search path in this moment. Try again.") from None
    return _shape(call, Workspace.objects.select_related("organization", *PEOPLE_OF_ROW).get(pk=workspace.pk))


def _shape(call: Call, workspace: Workspace) -> WorkspaceShape:
    inside = in_use.contents(workspace)
    path = SearchPath(inside, totals(inside))
    names = [entry.name for entry in path[0 : len(path)]]
    return workspace_shape(workspace, workspace.organization, call.tenant, search_path=names)
