"""The aggregators of a workspace: schemas that unite several connections.

``all_aws``, which is there by itself from two usable AWS connections on, is the first of them. It has no row: an
aggregator stands for it that is never saved.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404
from pydantic import Field

from connections import actions
from connections.api.finding import nearest
from connections.api.nodes import People, to_show
from connections.api.shapes import AggregatorShape, WorkspaceConnectionShape
from connections.api.workspace import contents, usable_shapes
from connections.delegation import MANAGE, USE
from connections.errors import ChangedMeanwhileError
from connections.forms.aggregator import AggregatorForm
from connections.models import Aggregator
from connections.schemas import aggregator_patterns, in_use
from connections.schemas.in_use import Contents, workspace_of
from connections.schemas.rows import totals
from workspaces.access import Access
from workspaces.api.bodies import Body, checked
from workspaces.api.paging import PAGING, Page, Paging, cut
from workspaces.api.problems import ProblemError, invalid
from workspaces.api.routes import WORKSPACE, Call, Routes, named, of_version
from workspaces.database import at_most_one
from workspaces.handles import ALL_AWS
from workspaces.models import Workspace
from workspaces.models.versioned import derived_id

routes = Routes("Aggregators")
_AT = (WORKSPACE,)
AnyRow = TypeVar("AnyRow")


class NewAggregator(Body):
    handle: str
    plugin: str = "aws"
    connections: list[str] = Field(default_factory=list, description="Names, or patterns with *")


class AggregatorChange(Body):
    handle: str | None = None
    connections: list[str] | None = None


@routes.get("/aggregator", gives=Page[AggregatorShape], at=_AT, delegates=USE)
def list_aggregators(call: Call, paging: Paging = PAGING) -> Page[AggregatorShape]:
    """List the aggregators of a workspace, that which is there by itself first."""
    workspace = workspace_of(call.scope)
    parts = [by_itself(contents(call), workspace), Aggregator.objects.filter(workspace=workspace)]
    found, token = cut(call, parts, paging)
    shown = [standing_for(row) for row in found]
    people = People.of(shown, call.tenant)
    return Page(items=[aggregator_shape(call.access, people, one) for one in shown], next_token=token)


@routes.post("/aggregator", gives=AggregatorShape, at=_AT, delegates=MANAGE)
def create_aggregator(call: Call, body: NewAggregator) -> AggregatorShape:
    """Make an aggregator."""
    if body.plugin not in ("", "aws"):
        raise invalid("plugin", f"There are connections of the plugin aws only, and none of {body.plugin[:50]}.")
    form = _form(call, body.handle, body.connections)

    def create(handle: str, patterns: list[str]) -> Aggregator:
        return actions.create_aggregator(scope=call.scope, handle=handle, patterns=patterns, by=call.user)

    made = _written(form, create)
    return _shape(call, made.public_id)


@routes.get("/aggregator/{aggregator}", gives=AggregatorShape, at=_AT, delegates=USE)
def get_aggregator(call: Call, aggregator: str) -> AggregatorShape:
    """Get an aggregator."""
    return _shape(call, aggregator)


@routes.patch("/aggregator/{aggregator}", gives=AggregatorShape, at=_AT, delegates=MANAGE)
def change_aggregator(call: Call, aggregator: str, body: AggregatorChange) -> AggregatorShape:
    """Change what an aggregator is called and unites."""
    found = _find(call, aggregator)
    of_version(call, found)
    wanted = {"handle": found.handle, "patterns": found.patterns} | body.given(handle="handle", patterns="connections")
    form = _form(call, wanted["handle"], wanted["patterns"], found)

    def change(handle: str, patterns: list[str]) -> Aggregator:
        return actions.change_aggregator(
            scope=call.scope, aggregator=found, handle=handle, patterns=patterns, seen=found.fingerprint, by=call.user
        )

    _written(form, change)
    return _shape(call, found.public_id)


@routes.delete("/aggregator/{aggregator}", gives=AggregatorShape, at=_AT, delegates=MANAGE)
def delete_aggregator(call: Call, aggregator: str) -> AggregatorShape:
    """Delete an aggregator; the connections that it unites stay."""
    found = _find(call, aggregator)
    of_version(call, found)
    shape = _shape(call, found.public_id)
    actions.delete_aggregator(scope=call.scope, aggregator=found, by=call.user)
    return shape


@routes.get("/aggregator/{aggregator}/connection", gives=Page[WorkspaceConnectionShape], at=_AT, delegates=USE)
def list_united(call: Call, aggregator: str, paging: Paging = PAGING) -> Page[WorkspaceConnectionShape]:
    """List the connections in use that an aggregator names, those that cannot be used now included."""
    inside = contents(call)
    rows = aggregator_patterns.matching(inside, _patterns(call, aggregator))
    shown, token = cut(call, to_show(rows), paging)
    return Page(items=usable_shapes(call, inside, shown), next_token=token)


@routes.get("/aggregator/{aggregator}/connection/{connection}", gives=WorkspaceConnectionShape, at=_AT, delegates=USE)
def get_united(call: Call, aggregator: str, connection: str) -> WorkspaceConnectionShape:
    """Get one of the connections in use that an aggregator names."""
    inside = contents(call)
    found = nearest(aggregator_patterns.matching(inside, _patterns(call, aggregator)).filter(named(connection)))
    return usable_shapes(call, inside, [found])[0]


def by_itself(inside: Contents, workspace: Workspace) -> QuerySet[Workspace]:
    """Give what stands in a list for ``all_aws``: the workspace where it has one, else nothing."""
    there = Workspace.objects.filter(pk=workspace.pk)
    return there if totals(inside).has_all_aws else there.none()


def standing_for(row: AnyRow | Workspace) -> AnyRow | Aggregator:
    """Give ``all_aws`` for the workspace that stands for it, and any other row as it is."""
    return _all_aws(row) if isinstance(row, Workspace) else row


def _all_aws(workspace: Workspace) -> Aggregator:
    return Aggregator(
        workspace=workspace,
        handle=ALL_AWS,
        patterns=["*"],
        public_id=_id_of_all_aws(workspace),
        created_at=workspace.created_at,
        created_by=None,
        version=1,
    )


def _id_of_all_aws(workspace: Workspace) -> str:
    return derived_id("agg", f"{workspace.public_id} {ALL_AWS}")


def find_aggregator(workspace: Workspace, text: str) -> Aggregator:
    """Find an aggregator by its handle or id; raises Http404."""
    if text in (ALL_AWS, _id_of_all_aws(workspace)):
        if by_itself(in_use.contents(workspace), workspace).exists():
            return _all_aws(workspace)
        raise Http404
    found = at_most_one(Aggregator.objects.filter(named(text), workspace=workspace))
    if found is None:
        raise Http404
    return found


def aggregator_shape(access: Access, people: People, row: Aggregator) -> AggregatorShape:
    organization, workspace = access.scope.organization, access.scope.workspace
    assert organization is not None  # noqa: S101  aggregators are in workspaces
    assert workspace is not None  # noqa: S101
    return AggregatorShape(
        **people.made(row, row.created_at),
        id=row.public_id,
        handle=row.handle,
        connections=row.patterns,
        tenant_id=access.scope.tenant.public_id,
        identity_id=organization.public_id,
        workspace_id=workspace.public_id,
    )


def _find(call: Call, text: str) -> Aggregator:
    """Find one that can be changed."""
    if text in (ALL_AWS, _id_of_all_aws(workspace_of(call.scope))):
        raise ProblemError(409, f"{ALL_AWS} is there by itself: it cannot be changed or deleted.")
    return find_aggregator(workspace_of(call.scope), text)


def _patterns(call: Call, text: str) -> list[str]:
    patterns: list[str] = find_aggregator(workspace_of(call.scope), text).patterns
    return patterns


def _shape(call: Call, text: str) -> AggregatorShape:
    found = find_aggregator(workspace_of(call.scope), text)
    return aggregator_shape(call.access, People.of([found], call.tenant), found)


def _form(call: Call, handle: str, patterns: list[str], of: Aggregator | None = None) -> AggregatorForm:
    others = Aggregator.objects.filter(workspace=call.scope.workspace)
    others = others.exclude(pk=of.pk) if of else others
    return AggregatorForm(
        {"handle": handle, "patterns": "\n".join(patterns)},
        is_taken=lambda wanted: others.filter(handle=wanted).exists(),
        initial={"handle": of.handle} if of else None,
    )


def _written(form: AggregatorForm, write: Callable[[str, list[str]], Aggregator]) -> Aggregator:
    """Write what a form has found good; raises ProblemError."""
    values = checked(form, patterns="connections")
    try:
        with transaction.atomic():
            return write(values["handle"], values["patterns"])
    except ChangedMeanwhileError:
        raise ProblemError(409, "Somebody else changed the aggregator in this moment. Try again.") from None
    except IntegrityError:  # somebody took the handle after it was checked
        raise ProblemError(409, form.taken_error(values["handle"]).messages[0]) from None
