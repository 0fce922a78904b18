"""What waits for somebody: syncs that need approval, syncs that failed, and connections that fail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When, Window
from django.db.models.functions import Coalesce

from connections.models import Connection, ConnectionState, Health
from integrations.models import Integration, SyncRun
from integrations.models.sync_run import OPEN_STATES, newest_of_each
from workspaces.access import Scope
from workspaces.database import WrittenOnce

SHOWN: Final = 20  # integrations that a page lists

QUESTION = SyncRun.objects.filter(
    # Written as in the index run_one_question.
    integration=OuterRef("pk"),
    state__in=(SyncRun.State.NEEDS_APPROVAL, SyncRun.State.APPROVED),
).filter(state=SyncRun.State.NEEDS_APPROVAL)
ENDED = newest_of_each().exclude(state__in=OPEN_STATES)
_GOOD = newest_of_each().filter(state=SyncRun.State.SUCCEEDED, kind=SyncRun.Kind.FULL)
_FAILING = Connection.objects.filter(
    root=OuterRef("root_folder_id"), health=Health.FAILING, state=ConnectionState.ACTIVE, removed_at=None
)
# Of what ``_found`` says.
_IS_UNDELETED = Q(state=Integration.State.DELETE_FAILED)
_IS_THERE = ~_IS_UNDELETED
_ASKS, _HAS_FAILED, _IS_UNWELL = Q(asks=True), Q(ended=SyncRun.State.FAILED), Q(is_unwell=True)
_NUMBERS: Final = {
    "undeleted": Count("pk", filter=_IS_UNDELETED),
    "approvals": Count("pk", filter=_IS_THERE & _ASKS),
    "failed": Count("pk", filter=_IS_THERE & _HAS_FAILED),
    "unwell": Count("pk", filter=_IS_THERE & _IS_UNWELL),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many things wait, of each kind; an integration whose connections fail is one, however many do."""

    undeleted: int = 0
    approvals: int = 0
    failed: int = 0
    unwell: int = 0

    @property
    def all(self) -> int:
        return self.undeleted + self.approvals + self.failed + self.unwell

    def __str__(self) -> str:
        """Say it in words; empty where nothing waits."""
        parts = (
            (self.undeleted, "deletion failed", "deletions failed"),
            (self.approvals, "sync needs approval", "syncs need approval"),
            (self.failed, "sync failed", "syncs failed"),
            (self.unwell, "integration has failing connections", "integrations have failing connections"),
        )
        return ", ".join(f"{number:,} {one if number == 1 else many}" for number, one, many in parts if number)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An integration for which somebody is needed, and why.

    It could not be deleted; or there is a run that asks, one that failed, or a number of connections that fail. A sync
    that failed waits until one does not, while the next try runs too.
    """

    integration: Integration
    asking_id: int | None
    failed_id: int | None
    failing: int
    good_at: datetime | None

    @property
    def is_undeleted(self) -> bool:
        return self.integration.state == Integration.State.DELETE_FAILED

    @property
    def things(self) -> int:
        """How many things wait in it."""
        return sum(map(bool, (self.is_undeleted, self.asking_id, self.failed_id, self.failing)))

    @property
    def mark(self) -> str:
        return f"{self.integration.pk} {self.integration.state} {self.asking_id} {self.failed_id} {self.failing}"


def count(scope: Scope) -> Counts:
    """Count what waits at and below a place, in one statement."""
    tenant, organization = scope.tenant, scope.organization
    (numbers,) = _AT_ORG.ask(tenant.pk, organization.pk) if organization else _AT_TENANT.ask(tenant.pk)
    return Counts(*numbers)


def _counts(*places: int) -> "QuerySet[Any]":
    """Count it as one group, by a statement that is the same for all places of a level: each page of owners asks."""
    rows: QuerySet[Any] = (
        _found(Scope.by_keys(*places)).order_by().annotate(all=Value(1)).values("all").annotate(**_NUMBERS)
    )
    return rows.values_list(*_NUMBERS)


_AT_TENANT: Final = WrittenOnce(_counts, -1)
_AT_ORG: Final = WrittenOnce(_counts, -1, -2)


def waiting(scope: Scope) -> tuple[list[Waiting], Counts]:
    """List what waits, the most urgent first and up to a bound, and count all of it; in one statement."""
    of_failing = _FAILING.order_by().values("root").annotate(number=Count("pk")).values("number")
    found = _found(scope).annotate(
        asking_id=Subquery(QUESTION.values("pk")),
        ended_id=Subquery(ENDED[:1]),
        good_at=Subquery(_GOOD.values("finished_at")[:1]),
        failing=Coalesce(Subquery(of_failing), 0),
        **{f"all_{kind}": Window(number) for kind, number in _NUMBERS.items()},
    )
    urgency = Case(When(_IS_UNDELETED, then=0), When(_ASKS, then=1), When(_HAS_FAILED, then=2), default=3)
    waits = found.filter(_IS_UNDELETED | _ASKS | _HAS_FAILED | _IS_UNWELL).select_related("organization", "schedule")
    rows = list(waits.order_by(urgency, F("organization__handle").asc(nulls_first=True), "handle")[:SHOWN])
    counts = Counts(**{kind: getattr(rows[0], f"all_{kind}") for kind in _NUMBERS}) if rows else Counts()
    return [_waiting(row) for row in rows], counts


def _found(scope: Scope) -> "QuerySet[Any]":
    """Say of each integration why it may wait."""
    states = (Integration.State.ACTIVE, Integration.State.DELETE_FAILED)
    return Integration.objects.at_and_below(scope, states).annotate(
        asks=Exists(QUESTION), ended=Subquery(ENDED.values("state")[:1]), is_unwell=Exists(_FAILING)
    )


def _waiting(row: Any) -> Waiting:
    if row.state == Integration.State.DELETE_FAILED:  # whatever else was the matter with it
        return Waiting(row, None, None, 0, None)
    has_failed = row.ended == SyncRun.State.FAILED
    return Waiting(row, row.asking_id, row.ended_id if has_failed else None, row.failing, row.good_at)
