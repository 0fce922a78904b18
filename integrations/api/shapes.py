"""What integrations and their syncs look like in answers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import OuterRef, QuerySet, Subquery
from pydantic import BaseModel

from integrations.api import config
from integrations.models import Integration, SettingsTrial, SyncRun
from integrations.models.sync_run import HEAVY
from integrations.overview.waiting import ENDED, QUESTION
from integrations.planning.diff import Change
from workspaces.api import shapes
from workspaces.models import Tenant

_PEOPLE: Final = shapes.PEOPLE_OF_ROW


class IntegrationShape(shapes.Deletable):
    """An integration; ``state`` says how its last sync went, and ``state_reason`` what is wrong.

    The external ids stand beside ``config``, too: there they are only where they were sent.
    """

    id: str
    handle: str
    type: Literal["aws"] = "aws"
    state: Literal["pending", "enabled", "disabled", "error"]
    state_reason: str | None = None
    config: dict[str, Any] | None = None
    discovery_external_id: str | None = None
    connection_external_id: str | None = None
    identity_id: str | None = None
    tenant_id: str


class ProcessShape(shapes.Made):
    """A sync run."""

    id: str
    type: Literal["integration.sync"] = "integration.sync"
    pipe: Literal["steampipe", "powerpipe", "flowpipe"] = "steampipe"
    state: Literal["pending", "paused", "running", "failed", "completed", "canceled", "terminated"]
    state_reason: str | None = None
    identity_id: str | None = None
    tenant_id: str
    integration_id: str | None = None
    integration_handle: str | None = None
    number: int
    kind: Literal["full", "targeted"]
    trigger: str
    started_at: datetime | None = None
    finished_at: datetime | None = None
    aws_calls: int
    accounts_read: int
    usage: dict[str, int]


class ChangeShape(BaseModel):
    """What one sync did to one folder or connection, or what it would have done."""

    kind: str
    node: str
    source_id: str
    label: str
    before: str | None = None
    after: str | None = None


PROCESS_STATES: Final[Mapping[str, str]] = {
    SyncRun.State.QUEUED: "pending",
    SyncRun.State.RUNNING: "running",
    SyncRun.State.SUCCEEDED: "completed",
    SyncRun.State.APPLIED: "completed",
    SyncRun.State.FAILED: "failed",
    SyncRun.State.NEEDS_APPROVAL: "paused",
    SyncRun.State.APPROVED: "paused",
    SyncRun.State.DISCARDED: "canceled",
    SyncRun.State.SUPERSEDED: "canceled",
}
_OPEN: Final = (SettingsTrial.State.QUEUED, SettingsTrial.State.RUNNING, SettingsTrial.State.READY)
_TRIAL: Final = SettingsTrial.objects.filter(integration=OuterRef("pk"), is_unattended=True)


def with_state(integrations: QuerySet[Integration]) -> QuerySet[Any]:
    """Read integrations with all that an answer says of them, in one statement."""
    people = integrations.select_related("organization", *_PEOPLE).defer("selection_facts", "unseen_folders")
    return people.annotate(
        ended_state=Subquery(ENDED.values("state")[:1]),
        ended_error=Subquery(ENDED.values("error")[:1]),
        question=Subquery(QUESTION.values("error")[:1]),
        trial_state=Subquery(_TRIAL.values("state")[:1]),
        trial_error=Subquery(_TRIAL.values("error")[:1]),
    )


def integration_shape(integration: Any, tenant: Tenant) -> IntegrationShape:
    """Give an integration that was read by ``with_state``."""
    state, reason = _state(integration)
    return IntegrationShape(
        **shapes.made(integration, tenant),
        id=integration.public_id,
        handle=integration.handle,
        state=state,
        state_reason=reason,
        config=config.shown(integration, is_tried=integration.trial_state in _OPEN),
        discovery_external_id=integration.discovery_external_id,
        connection_external_id=integration.connection_external_id,
        identity_id=integration.organization.public_id if integration.organization else None,
        tenant_id=tenant.public_id,
    )


def _state(integration: Any) -> tuple[Any, str | None]:
    """Say how it stands: settings that are tried come first, then what is asked, then the last sync that has ended."""
    if integration.trial_state in (SettingsTrial.State.QUEUED, SettingsTrial.State.RUNNING):
        return "pending", None
    if integration.trial_error:
        return "error", integration.trial_error
    if integration.trial_state or integration.ended_state is None:
        return "pending", None
    if integration.question:
        return "error", integration.question
    if integration.ended_state == SyncRun.State.FAILED:
        return "error", integration.ended_error
    return "enabled", None


def processes(runs: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
    """Read runs with all that an answer says of them."""
    of_run = runs.select_related("integration", "integration__organization", "started_by", *_PEOPLE)
    return of_run.defer(*HEAVY, *(f"integration__{name}" for name in ("selection_facts", "unseen_folders")))


def process_shape(run: SyncRun, tenant: Tenant) -> ProcessShape:
    integration = run.integration
    fields = shapes.made(run, tenant, at=run.queued_at)
    if run.started_by:  # the queue's writer may be another
        fields |= {"created_by": shapes.user_shape(run.started_by, tenant), "created_by_id": run.started_by.public_id}
    return ProcessShape(
        **fields,
        id=run.public_id,
        state=PROCESS_STATES[run.state],  # type: ignore[arg-type]  # one of them
        state_reason=run.error or None,
        identity_id=integration.organization.public_id if integration.organization else None,
        tenant_id=tenant.public_id,
        integration_id=integration.public_id,
        integration_handle=integration.handle,
        number=run.number,
        kind="targeted" if run.kind == SyncRun.Kind.TARGETED else "full",
        trigger=run.shown_trigger,
        started_at=run.started_at,
        finished_at=run.finished_at,
        aws_calls=run.aws_calls,
        accounts_read=run.accounts_read,
        usage=dict(run.counts),
    )


def change_shapes(run: SyncRun) -> Iterable[ChangeShape]:
    """Give what a run, which was read whole, has changed or asked about."""
    return (change_shape(Change(*line)) for line in run.changes)


def change_shape(change: Change) -> ChangeShape:
    return ChangeShape(
        kind=change.kind,
        node=change.node,
        source_id=change.source_id,
        label=change.label,
        before=change.before or None,
        after=change.after or None,
    )
