"""The integrations of a tenant or organization, and the ones in the making."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from integrations.models import Draft, Integration, SyncRun
from integrations.views.frame import mark_of
from integrations.wizard import drafts
from workspaces.access import Access, Power, why_no_integrations
from workspaces.scoping import scope_view
from workspaces.web.htmx import has_seen, render_page, search_text
from workspaces.web.pagination import numbered_page

_TROUBLED: Final = (SyncRun.State.FAILED, SyncRun.State.NEEDS_APPROVAL)


@dataclass(frozen=True, slots=True)
class IntegrationRow:
    """One line: where it and its settings are, its latest run, and when one was good."""

    integration: Integration
    run: SyncRun
    url: str
    config_url: str
    run_url: str
    good_at: datetime | None

    @property
    def is_due(self) -> bool:
        return self.integration.schedule.next_due_at <= timezone.now()

    @property
    def has_trouble(self) -> bool:
        """Whether AWS may be otherwise than the tree, so that the row says why and what to do."""
        return self.run.state in _TROUBLED


@dataclass(frozen=True, slots=True)
class DraftRow:
    """An integration in the making, and where it goes on."""

    draft: Draft
    url: str
    discard_url: str


@scope_view(Power.OWNER)
def integration_list(request: HttpRequest, access: Access) -> HttpResponse:
    text = search_text(request)
    mine = Integration.objects.in_scope(access.scope).select_related("schedule")
    found = mine.filter(handle__contains=text.lower()).order_by("handle")
    page = numbered_page(request, found)
    rows = _rows(access, list(page))
    mark = mark_of(row.run for row in rows)
    if has_seen(request, mark):
        return HttpResponse(status=204)
    context = {
        "q": text,
        "page": page,
        "rows": rows,
        "mark": mark,
        "drafts": _draft_rows(access),
        "undeleted": _undeleted_rows(access),
        "why_not": why_no_integrations(access.scope),
        "new_url": access.scope.url("integration_new"),
    }
    return render_page(request, "integrations/list.html", context, parts=("list",))


def _rows(access: Access, integrations: list[Integration]) -> list[IntegrationRow]:
    # One that is deleted at this moment has none any more.
    runs = {run.integration_id: run for run in SyncRun.objects.latest_of(integrations)}
    base = access.scope.url("integration_list")
    troubled = [one for one in integrations if one.pk in runs and runs[one.pk].state in _TROUBLED]
    good_since = SyncRun.objects.good_since(troubled)
    return [
        IntegrationRow(
            integration=integration,
            run=runs[integration.pk],
            url=f"{base}{integration.handle}/",
            config_url=f"{base}{integration.handle}/config/",
            run_url=f"{base}{integration.handle}/processes/{runs[integration.pk].number}/",
            good_at=good_since.get(integration.pk),
        )
        for integration in integrations
        if integration.pk in runs
    ]


def _undeleted_rows(access: Access) -> list[tuple[str, str]]:
    """List what could not be deleted, with where that is tried again."""
    failed = Integration.objects.delete_failed(access.scope).order_by("handle").values_list("handle", flat=True)
    return [(handle, access.scope.url("integration_delete", integration=handle)) for handle in failed]


def _draft_rows(access: Access) -> list[DraftRow]:
    rows = []
    for draft in drafts.drafts_of(access, now=timezone.now()):
        draft.tenant, draft.organization = access.scope.tenant, access.scope.organization  # known: no query for each
        discard_url = access.scope.url("integration_draft_cancel", draft=draft.uid)
        rows.append(DraftRow(draft, drafts.draft_url(draft), discard_url))
    return rows
