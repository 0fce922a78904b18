"""Processes: the sync runs of integrations, what each changed, and answering the one that asks."""

from typing import Any, Final

from django.db.models import Case, CharField, QuerySet, Value, When
from django.http import Http404, HttpResponse
from django.utils import timezone

from integrations.api import shapes
from integrations.api.shapes import PROCESS_STATES, ChangeShape, ProcessShape
from integrations.delegation import PROCESSES, SEE_PROCESSES, among, of_process
from integrations.models import Integration, SyncRun
from integrations.sync import approvals
from workspaces.access import Power, holds
from workspaces.api.paging import PAGING, Filtered, Page, page_of
from workspaces.api.problems import ProblemError
from workspaces.api.routes import ORG, TENANT, WORKSPACE, Call, Routes, named
from workspaces.api.where import Column, Kind
from workspaces.database import at_most_one
from workspaces.delegation.verbs import Verb

routes = Routes("Processes")
_BOTH = (TENANT, ORG)
_MOST_CHANGES: Final = 10_000
_VIEWERS, _DECIDERS = of_process(*PROCESSES), of_process(Verb.APPROVE_REMOVALS)
_STATE = Case(
    *(When(state=ours, then=Value(theirs)) for ours, theirs in PROCESS_STATES.items()), output_field=CharField()
)
_NULL = Value(None, output_field=CharField())
COLUMNS: Final = {
    "id": Column("public_id"),
    "created_at": Column("queued_at", Kind.TIME),
    "updated_at": Column("updated_at", Kind.TIME),
    "state": Column(_STATE),
    "type": Column(Value("integration.sync", output_field=CharField())),
    "identity_id": Column("integration__organization__public_id"),
    "pipeline_id": Column(_NULL),
    "workspace_id": Column(_NULL),
}


@routes.get("/process", gives=Page[ProcessShape], at=_BOTH, needs=Power.OWNER, delegates=holds(*PROCESSES))
def list_processes(call: Call, paging: Filtered = PAGING) -> Page[ProcessShape]:
    """List the syncs of the integrations of an organization, or of the tenant with all its organizations."""
    rows = shapes.processes(_runs(call))
    return page_of(call, rows, paging, lambda run: shapes.process_shape(run, call.tenant), columns=COLUMNS)


@routes.get("/process", gives=Page[ProcessShape], at=(WORKSPACE,))
def list_workspace_processes(call: Call, paging: Filtered = PAGING) -> Page[ProcessShape]:
    """Nothing runs for a workspace: the list is empty."""
    return page_of(call, SyncRun.objects.none(), paging, lambda run: shapes.process_shape(run, call.tenant))


@routes.get("/process/{process}", gives=ProcessShape, at=(WORKSPACE,))
def get_workspace_process(call: Call, process: str) -> ProcessShape:
    """Nothing runs for a workspace: there is none."""
    raise Http404(process)


@routes.get("/process/{process}", gives=ProcessShape, at=_BOTH, needs=Power.OWNER, delegates=_VIEWERS)
def get_process(call: Call, process: str) -> ProcessShape:
    """Get a sync."""
    return shapes.process_shape(_run(call, process), call.tenant)


@routes.get("/process/{process}/log/{file}", gives=None, at=_BOTH, needs=Power.OWNER, status=204, delegates=_VIEWERS)
def get_process_log(call: Call, process: str, file: str) -> HttpResponse:
    """There are no log files: what a sync did is in its changes."""
    _run(call, process)
    return HttpResponse(status=204)


@routes.get("/process/{process}/change", gives=Page[ChangeShape], at=_BOTH, needs=Power.OWNER, delegates=_VIEWERS)
def list_changes(call: Call, process: str) -> Page[ChangeShape]:
    """List what a sync changed, or what it asks about; all at once, up to ten thousand."""
    run = SyncRun.objects.get(pk=_run(call, process).pk)
    return Page(items=list(shapes.change_shapes(run))[:_MOST_CHANGES])


@routes.get(
    "/integration/{integration}/process", gives=Page[ProcessShape], at=_BOTH, needs=Power.OWNER, delegates=SEE_PROCESSES
)
def list_processes_of_integration(call: Call, integration: str, paging: Filtered = PAGING) -> Page[ProcessShape]:
    """List the syncs of one integration."""
    found = at_most_one(Integration.objects.in_scope(call.scope).filter(named(integration)))
    if found is None:
        raise Http404
    rows = shapes.processes(SyncRun.objects.filter(integration=found))
    return page_of(call, rows, paging, lambda run: shapes.process_shape(run, call.tenant), columns=COLUMNS)


@routes.post(
    "/process/{process}/approve",
    gives=ProcessShape,
    at=_BOTH,
    needs=Power.OWNER,
    status=200,
    delegates=_DECIDERS,
)
def approve(call: Call, process: str) -> ProcessShape:
    """Let go what a sync over the deletion limit asks about, and give the sync that does it."""
    try:
        run = approvals.approve(run=_run(call, process), by=call.user, now=timezone.now())
    except approvals.NotWaitingError as error:
        raise ProblemError(409, str(error)) from None
    return shapes.process_shape(_run(call, SyncRun.objects.get(pk=run.pk).public_id), call.tenant)


@routes.post(
    "/process/{process}/discard",
    gives=ProcessShape,
    at=_BOTH,
    needs=Power.OWNER,
    status=200,
    delegates=_DECIDERS,
)
def discard(call: Call, process: str) -> ProcessShape:
    """Leave everything as it is; the next sync that is over the deletion limit asks again."""
    try:
        approvals.discard(run=_run(call, process), by=call.user, now=timezone.now())
    except approvals.NotWaitingError as error:
        raise ProblemError(409, str(error)) from None
    return shapes.process_shape(_run(call, process), call.tenant)


def _runs(call: Call) -> QuerySet[SyncRun]:
    there = among(call.access, Integration.objects.at_and_below(call.scope), *PROCESSES)
    return SyncRun.objects.filter(integration__in=there.values("pk"), tenant=call.tenant)


def _run(call: Call, process: str) -> SyncRun:
    found: Any = at_most_one(shapes.processes(_runs(call)).filter(public_id=process))
    if found is None:
        raise Http404
    run: SyncRun = found
    return run
