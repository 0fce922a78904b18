"""An integration: its tree, and starting a sync."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_POST

from integrations.access import failures
from integrations.delegation import SYNCERS, VIEWERS, may, trigger
from integrations.models import SyncSchedule
from integrations.overview import first_steps
from integrations.sync import requests
from integrations.trials import preview
from integrations.views.first_steps import next_step
from integrations.views.frame import asks_url, find_integration, integration_page, latest_status, render_live
from integrations.views.health import health_words
from integrations.views.level import tree_at
from integrations.wizard import expected
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.web import remembered
from workspaces.web.back import came_from
from workspaces.web.htmx import htmx

_ASKS_FIRST: Final = (
    "No sync of {} was started, for one waits for approval. Approve or discard it here; one that is started on Advanced"
    " is not held back."
)
_JUST_NOW: Final = timedelta(seconds=10)
_ASKS_OTHERS: Final = "No sync of {} was started, for one waits for the approval of somebody who may give it."


@scope_view(Power.OWNER, delegates=VIEWERS)
def integration_detail(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Show the tree that the integration mirrors, and follow a sync that is under way."""
    is_poll = htmx(request).target == "sync"
    found = find_integration(access, integration, **({} if is_poll else first_steps.how_far(access.scope)))
    root = found.root_folder
    health = SimpleLazyObject(lambda: health_words(access, found))
    context = integration_page(
        access,
        found,
        tree=SimpleLazyObject(lambda: tree_at(request, access, found, root)),  # a poll of the sync leaves it unread
        root=root,
        health=health,
        failures=SimpleLazyObject(lambda: failures.shared(failures.of_connections(root))),
        expected=SimpleLazyObject(lambda: expected.of_members(found) if may(access, found).configure else ()),
        next_step=None if is_poll or not access.can_own else next_step(access.scope, found),
        accounts_url=f"{access.scope.url('integration_config', integration=found.handle)}#accounts",
        root_url=access.scope.url("folder_settings", folder=root.pk),
        picture_url=access.scope.url("integration_picture", integration=found.handle),
    )
    status = replace(latest_status(access, found), beside=SimpleLazyObject(lambda: health.mark))
    if status.run.finished_at and status.run.finished_at > timezone.now() - _JUST_NOW:
        # It may have ended while this page was begun: the tree that says so must have what it has changed.
        remembered.renew(access.scope.tenant.pk)
    return render_live(request, "integrations/detail.html", context, status, parts=("list",))


@scope_view(Power.OWNER, delegates=SYNCERS)
@require_POST
def integration_sync(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Start a sync, or one more after the one that is under way; then back to where the button was.

    It would also remove what waits for approval. Where the page did not say so, that is shown instead.
    """
    found = find_integration(access, integration)
    now = timezone.now()
    if "anyway" not in request.POST and (question_url := asks_url(access, found)):
        messages.warning(request, (_ASKS_FIRST if may(access, found).approve else _ASKS_OTHERS).format(found))
        return redirect(question_url)
    try:
        run = preview.sync(
            integration=found,
            shown=request.POST.get("preview", ""),
            by=access.user,
            now=now,
            trigger=trigger(access, found),
        )
    except requests.IntegrationGoneError as error:
        messages.error(request, str(error))
        return redirect(access.scope.url("integration_list"))
    if run.queued_at == now:
        messages.success(request, f"A sync of {found} was started.")
    elif run.started_at is not None and SyncSchedule.objects.filter(pk=found.pk, asked_trigger__isnull=False).exists():
        messages.success(
            request, f"A sync of {found} runs already, and may have read past your change: one more follows it."
        )
    else:
        messages.info(request, f"A sync of {found} is about to read the AWS organization; a second one is not needed.")
    return redirect(came_from(request, access.scope.url("integration_detail", integration=found.handle)))
