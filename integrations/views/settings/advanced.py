"""The Advanced tab: the handle, syncing, its schedule and deletion limit, and deleting."""

from collections.abc import Callable
from functools import partial
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from connections.errors import ChangedMeanwhileError, HandleTakenError
from integrations.delegation import CONFIGURERS, why_held
from integrations.forms.advanced import DeletionLimitForm, ScheduleForm
from integrations.forms.handle import HandleForm
from integrations.models import EventInlet, Integration
from integrations.planning.deletion_limit import HeldToItError
from integrations.settings import change
from integrations.sync.targeted import rest
from integrations.views.frame import find_integration, integration_page, latest_status, render_live
from integrations.views.settings.config import stored_now
from workspaces.access import Access, Power
from workspaces.scoping import posted_from, scope_view
from workspaces.views.delegation.page import card as delegates_card
from workspaces.web.htmx import asks_about_field, field_status, what_to_judge

AdvancedForm = HandleForm | ScheduleForm | DeletionLimitForm
_CARDS: Final[dict[str, type[AdvancedForm]]] = {
    "handle": HandleForm,
    "schedule": ScheduleForm,
    "limit": DeletionLimitForm,
}


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_advanced(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Show and change the handle; offer a sync, the schedule and the deletion."""
    found = find_integration(access, integration)
    form = HandleForm(found, what_to_judge(request))
    if name := asks_about_field(request, form):
        return field_status(request, form, name)
    if request.method != "POST":
        return _show(request, access, found)
    return _save(request, access, found, form, change.change_handle, done="Saved the handle {handle}.")


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@posted_from("integration_advanced")
def integration_schedule(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    found = find_integration(access, integration)
    form, done = ScheduleForm(found, request.POST), f"{found} syncs every {{minutes}} minutes now."
    return _save(request, access, found, form, change.change_schedule, done=done)


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@posted_from("integration_advanced")
def integration_deletion_limit(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    found = find_integration(access, integration)
    form, done = DeletionLimitForm(found, request.POST), f"Saved the deletion limit of {found}."
    save = partial(change.change_deletion_limit, why_held=why_held(access, found))
    return _save(request, access, found, form, save, done=done)


def _save(
    request: HttpRequest,
    access: Access,
    integration: Integration,
    form: AdvancedForm,
    save: Callable[..., object],
    *,
    done: str,
) -> HttpResponse:
    """Save a card of the page with an action of ``change``; ``done`` is the message, with the form's fields in it."""
    values = form.cleaned_data if form.is_valid() else {}
    if values:
        try:
            save(integration=integration, version=request.POST.get("version", ""), by=access.user, **values)
        except (ChangedMeanwhileError, HeldToItError) as error:
            form.add_error(None, str(error))
        except HandleTakenError:
            form.add_error("handle", f"Somebody has just taken {values['handle']}. Choose another one.")
        else:
            messages.success(request, done.format(**values))
            handle = values.get("handle", integration.handle)
            return redirect(access.scope.url("integration_advanced", integration=handle))
    return _show(request, access, integration, refused=form)


def _show(
    request: HttpRequest, access: Access, integration: Integration, *, refused: AdvancedForm | None = None
) -> HttpResponse:
    base = access.scope.url("integration_advanced", integration=integration.handle)
    of_it = access.scope.url("integration_detail", integration=integration.handle)
    cards: dict[str, object] = {}
    for name, kind in _CARDS.items():
        form = refused if isinstance(refused, kind) else kind(integration)
        cards |= {f"{name}_form": form, f"{name}_stored": stored_now(form)}
    context = integration_page(
        access,
        integration,
        [("Advanced", "")],
        **cards,
        limit_url=f"{base}deletion-limit/",
        current_url=base,
        schedule_url=f"{base}schedule/",
        runs_url=f"{of_it}processes/",
        delete_url=f"{of_it}delete/",
        notifications_url=f"{of_it}notifications/",
        inlet_url=f"{base}events/",
        why_not_resting=rest.why_not_resting(integration.schedule, timezone.now()),
        **(delegates_card(integration) if access.can_own else {}),
        has_inlet=EventInlet.objects.filter(integration=integration).exists(),
    )
    status = latest_status(access, integration)
    return render_live(request, "integrations/settings/advanced.html", context, status, parts=())
