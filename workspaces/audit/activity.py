"""Reading the audit log of a place: filters, pages and the CSV file."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet

from workspaces import audit
from workspaces.access import Scope
from workspaces.audit import sentences
from workspaces.audit.sentences import EventSentence
from workspaces.database import at_most_one
from workspaces.models import AuditEvent, Organization, Tenant, User, Workspace
from workspaces.web.inputs import key_in
from workspaces.web.pagination import PAGE_SIZE, KeysetPage, cut
from workspaces.wording.cells import plain

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

CSV_ROWS = 50_000
_CHUNK = 2_000
_WHO_AND_WHAT = ("Time (UTC)", "Person", "Action", "In words", "Kind", "Object", "Object id")
_COLUMNS = (*_WHO_AND_WHAT, "Place", "IP address", "Details")


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody looks for in the log; empty is anything. Days are of UTC, both included."""

    person: str = ""
    kind: str = ""
    object: str = ""
    object_id: str = ""
    since: date | None = None
    until: date | None = None

    def apply(self, events: QuerySet[AuditEvent], tenant: Tenant) -> QuerySet[AuditEvent]:
        if self.person:
            events = events.filter(_by_person(self.person, tenant))
        if self.kind or self.object_id:
            events = events.filter(_about(self.kind, self.object_id))
        if self.object:
            events = events.filter(object_label__icontains=self.object)
        if self.since:
            events = events.filter(happened_at__gte=_midnight(self.since))
        if self.until:
            events = events.filter(happened_at__lte=datetime.combine(self.until, time.max, tzinfo=UTC))
        return events


def _about(kind: str, object_id: str) -> Q:
    """Match the events of a kind of thing, or of one thing: its own, and those of many in which it was."""
    own = Q(**{name: value for name, value in (("object_kind", kind), ("object_id", object_id)) if value})
    key = key_in(object_id)
    if not kind or key is None:
        return own
    return own | Q(action__startswith="nodes.", details__contains={audit.KEYS: {kind: [key]}})


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def _by_person(text: str, tenant: Tenant) -> Q:
    """Match the email under which an event was recorded, or what a member is called now."""
    called = Q(handle__icontains=text) | Q(name__icontains=text) | Q(email__icontains=text, service_tenant=None)
    members = User.objects.filter(called, memberships__tenant=tenant, memberships__organization=None)
    return Q(actor__icontains=text) | Q(actor_id__in=members.values("pk"))


@dataclass(frozen=True, slots=True)
class Row:
    event: AuditEvent
    sentence: EventSentence
    place: str

    @property
    def is_by_operator(self) -> bool:
        return audit.BY_OPERATOR in self.event.details


def events_of(scope: Scope) -> QuerySet[AuditEvent]:
    """Everything that happened in the place and in the places inside it, newest first."""
    inside = {f"{key}_id": place.pk for key, place in scope.keys.items() if place is not None}
    return AuditEvent.objects.filter(**inside).order_by("-happened_at", "-id")


def page_of(scope: Scope, filters: Filters, *, before: int | None) -> KeysetPage[Row]:
    """Read one page: the newest events, or those older than the event with this id."""
    events = filters.apply(events_of(scope), scope.tenant)
    last = before and at_most_one(events_of(scope).filter(pk=before))
    if last:
        # The first condition follows from the second; it is the one that the index can start at.
        events = events.filter(happened_at__lte=last.happened_at).exclude(happened_at=last.happened_at, id__gte=last.pk)
    page = cut(list(events[: PAGE_SIZE + 1]), before, size=PAGE_SIZE)
    name_place = _place_namer(scope, page.rows)
    rows = [Row(event, sentences.describe(event), name_place(event)) for event in page.rows]
    return KeysetPage(rows, page.older, page.is_newest)


def _place_namer(scope: Scope, events: Iterable[AuditEvent] | None = None) -> Callable[[AuditEvent], str]:
    """Learn the handles of the places of these events (of all, if none are given), to name each one's place."""
    organizations = Organization.objects.filter(tenant=scope.tenant)
    workspaces = Workspace.objects.filter(tenant=scope.tenant)
    if events is not None:
        organizations = organizations.filter(pk__in={event.organization_id for event in events})
        workspaces = workspaces.filter(pk__in={event.workspace_id for event in events})
    of_organization = dict(organizations.values_list("pk", "handle"))
    of_workspace = dict(workspaces.values_list("pk", "handle"))

    def name(event: AuditEvent) -> str:
        parts = [scope.tenant.handle]
        if event.organization_id:
            parts.append(of_organization.get(event.organization_id, "(deleted)"))
        if event.workspace_id:
            parts.append(of_workspace.get(event.workspace_id, "(deleted)"))
        return "/".join(parts)

    return name


@transaction.atomic
def export_csv(file: "SupportsWrite[str]", *, scope: Scope, filters: Filters, by: User) -> None:
    """Write the newest 50,000 events that match to a file, as CSV."""
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    writer.writerows(_csv_rows(scope, filters))
    wanted = {name: str(value) for name, value in asdict(filters).items() if value}
    audit.record("audit_log.exported", scope=scope, by=by, target=scope.place, filters=wanted)


def _csv_rows(scope: Scope, filters: Filters) -> Iterator[list[str]]:
    name_place = _place_namer(scope)
    for event in filters.apply(events_of(scope), scope.tenant)[:CSV_ROWS].iterator(chunk_size=_CHUNK):
        cells = (
            event.happened_at.isoformat(timespec="seconds"),
            f"{event.actor} (operator of this installation)" if audit.BY_OPERATOR in event.details else event.actor,
            event.action,
            str(sentences.describe(event)),
            sentences.kind_name(event.object_kind),
            event.object_label,
            event.object_id,
            name_place(event),
            event.remote_address or "",
            json.dumps(event.details, ensure_ascii=False, sort_keys=True),
        )
        yield [plain(cell) for cell in cells]
