"""The integrations of a tenant or organization, and the ones in the making."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import Page
from django.db.models import F, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject, cached_property

from integrations.delegation import HOLDERS, May, among, may
from integrations.models import Draft, Integration, SyncRun
from integrations.models.sync_run import HEAVY, newest_of_each
from integrations.overview.waiting import Counts
from integrations.pictures import sparkline
from integrations.pictures.sparkline import Sparkline
from integrations.views.frame import mark_of
from integrations.views.overview import Item, NewestPart, WaitingPart, named, newest_part, waiting_part
from integrations.wizard import drafts
from workspaces.access import Access, Power, why_no_integrations
from workspaces.scoping import scope_view
from workspaces.web.htmx import has_seen, htmx, looks_for_news, render_page, search_text
from workspaces.web.pagination import numbered_page

_PARTS: Final = ("waiting", "list", "newest")


@dataclass(frozen=True, slots=True)
class IntegrationRow:
    """One line: where it and its settings are, its latest run, and how many accounts its AWS organization has."""

    integration: Integration
    run: SyncRun
    accounts: int | None
    past: Sparkline | None
    name: str
    url: str
    config_url: str
    run_url: str
    may: May


@dataclass(frozen=True, slots=True)
class DraftRow:
    """An integration in the making, and where it goes on."""

    draft: Draft
    url: str
    discard_url: str


class _Parts:
    """The parts of the page, each read where it is shown: the runs that they need together in one statement."""

    def __init__(self, request: HttpRequest, access: Access, text: str) -> None:
        self._request, self._access, self._text = request, access, text
        target = htmx(request).target
        self.all = _PARTS if access.can_own else ("list",)  # delegates see their integrations, and nothing else
        self.shown = (target,) if target in self.all else self.all

    @cached_property
    def waiting(self) -> WaitingPart:
        return waiting_part(self._access)

    @cached_property
    def newest(self) -> NewestPart:
        return newest_part(self._access)

    @cached_property
    def page(self) -> "Page[Any]":
        found = among(self._access, Integration.objects.at_and_below(self._access.scope))
        found = found.filter(handle__contains=self._text.lower())
        found = found.select_related("organization").order_by(F("organization__handle").asc(nulls_first=True), "handle")
        whole = newest_of_each().filter(state=SyncRun.State.SUCCEEDED).values("accounts_read")
        past_of_each = ArraySubquery(whole[: sparkline.POINTS])
        found = found.annotate(latest_id=Subquery(newest_of_each()[:1]), past=past_of_each)
        return numbered_page(self._request, found)

    @cached_property
    def runs(self) -> dict[int, SyncRun]:
        wanted = self.waiting.run_ids if "waiting" in self.shown else set()
        latest = {each.latest_id for each in self.page} if "list" in self.shown else set()
        return SyncRun.objects.defer(*HEAVY).in_bulk(wanted | latest)

    @cached_property
    def items(self) -> list[Item]:
        return self.waiting.items(self.runs)

    @cached_property
    def rows(self) -> list[IntegrationRow]:
        # One that is deleted at this moment has no run any more.
        return [
            _row(self._access, each, self.runs[each.latest_id]) for each in self.page if each.latest_id in self.runs
        ]

    @property
    def list_mark(self) -> str:
        return mark_of(row.run for row in self.rows)

    @property
    def mark(self) -> str:
        """Give what one has seen who sees the one part that is asked for."""
        part = self.shown[0]
        if part == "list":
            return self.list_mark
        return self.waiting.mark if part == "waiting" else self.newest.mark


@scope_view(Power.OWNER, delegates=HOLDERS)
def integration_list(request: HttpRequest, access: Access) -> HttpResponse:
    """List the integrations, those of a tenant's organizations too, with what waits in them and what has changed.

    Each of the three parts of the page looks for news by itself.
    """
    text = search_text(request)
    parts = _Parts(request, access, text)
    if looks_for_news(request) and has_seen(request, parts.mark):
        return HttpResponse(status=204)
    context = {
        "q": text,
        "parts": parts,
        # instead of asking for the tab's sake
        "waiting_counts": SimpleLazyObject(lambda: parts.waiting.counts if access.can_own else Counts()),
        "drafts": SimpleLazyObject(lambda: _draft_rows(access)),
        "why_not": why_no_integrations(access.scope) if access.can_own else "",
        "new_url": access.scope.url("integration_new"),
        "has_organizations": access.can_own and access.scope.organization is None,
    }
    return render_page(request, "integrations/list.html", context, parts=parts.all)


def _row(access: Access, integration: Any, run: SyncRun) -> IntegrationRow:
    name, url = named(access, integration)
    whole = integration.past[::-1]
    return IntegrationRow(
        integration,
        run,
        whole[-1] if whole else None,
        sparkline.draw(whole, "Accounts"),
        name,
        url,
        f"{url}config/",
        f"{url}processes/{run.number}/",
        may(access, integration),
    )


def _draft_rows(access: Access) -> list[DraftRow]:
    rows = []
    for draft in drafts.drafts_of(access, now=timezone.now()):
        draft.tenant, draft.organization = access.scope.tenant, access.scope.organization  # known: no query for each
        discard_url = access.scope.url("integration_draft_cancel", draft=draft.uid)
        rows.append(DraftRow(draft, drafts.draft_url(draft), discard_url))
    return rows
