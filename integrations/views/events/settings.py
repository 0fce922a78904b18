"""The Events of an integration: where AWS sends them, with which key, and what to set up for it."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connections.errors import ChangedMeanwhileError
from integrations.access.findings import partition_of
from integrations.aws.regions import home_region
from integrations.delegation import CONFIGURERS
from integrations.events import inlets
from integrations.events.inlets import IssuedKey
from integrations.models import EventInlet, Integration
from integrations.sync.targeted.figures import figures_of
from integrations.sync.targeted.rest import EVENTS_REST, why_not_resting
from integrations.views.frame import find_integration, integration_page
from integrations.views.wizard.setup_files import attachment
from integrations.wizard import setup_files
from workspaces.access import Access, Power
from workspaces.database import at_most_one
from workspaces.scoping import scope_view
from workspaces.web.htmx import render_page


@never_cache
@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_inlet(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Show how events come in; posted, let them in: the key is in the answer to that, and in no other."""
    found = find_integration(access, integration)
    if request.method != "POST":
        return _show(request, access, found, at_most_one(EventInlet.objects.filter(integration=found)), None)
    try:
        issued = inlets.enable(integration=found, by=access.user, now=timezone.now())
    except ChangedMeanwhileError as error:
        messages.error(request, str(error))
        return redirect(access.scope.url("integration_list"))
    if issued is None:
        messages.info(request, "Events are enabled already, and the key is as it was. Rotate it if nobody copied it.")
        return redirect(access.scope.url("integration_inlet", integration=found.handle))
    return _show(request, access, found, issued.inlet, issued)


@never_cache
@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
def inlet_rotate(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Ask whether another key is wanted, make it, and show it."""
    found = find_integration(access, integration)
    if request.method == "POST":
        made_at = request.POST.get("made_at", "")
        try:
            issued = inlets.rotate_key(integration=found, made_at=made_at, by=access.user, now=timezone.now())
        except ChangedMeanwhileError as error:
            messages.error(request, str(error))
            return redirect(access.scope.url("integration_inlet", integration=found.handle))
        return _show(request, access, found, issued.inlet, issued)
    inlet = get_object_or_404(EventInlet, integration=found)
    return render_page(
        request, "integrations/events/rotate.html", _page(access, found, inlet, [("Rotate the Key", "")]), parts=()
    )


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_POST
def inlet_close(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Let no more events in."""
    found = find_integration(access, integration)
    try:
        inlets.close(integration=found, by=access.user)
    except ChangedMeanwhileError as error:
        messages.error(request, str(error))
        return redirect(access.scope.url("integration_list"))
    messages.success(request, f"Events are disabled. {found} syncs by its schedule; the stack in AWS can be deleted.")
    return redirect(access.scope.url("integration_inlet", integration=found.handle))


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_safe
def inlet_template(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Give the template that forwards the events; the key is not in it."""
    found = find_integration(access, integration)
    inlet = get_object_or_404(EventInlet, integration=found)
    return attachment(*setup_files.events_template(found, inlets.url_of(inlet)))


def _show(
    request: HttpRequest, access: Access, integration: Integration, inlet: EventInlet | None, issued: IssuedKey | None
) -> HttpResponse:
    context = _page(
        access,
        integration,
        inlet,
        address=inlets.url_of(inlet) if inlet else "",
        key=issued.key if issued else "",
        key_header=inlets.KEY_HEADER,
        region=home_region(partition_of(integration)),
        rest=EVENTS_REST,
        why_not_resting=why_not_resting(integration.schedule, timezone.now()),
        figures=figures_of(integration) if inlet else None,
        is_reachable=settings.BASE_URL.startswith("https://"),
    )
    return render_page(request, "integrations/events/settings.html", context, parts=())


def _page(
    access: Access,
    integration: Integration,
    inlet: EventInlet | None,
    below: Sequence[tuple[str, str]] = (),
    /,
    **context: object,
) -> dict[str, object]:
    advanced_url = access.scope.url("integration_advanced", integration=integration.handle)
    events_url = access.scope.url("integration_inlet", integration=integration.handle)
    return integration_page(
        access,
        integration,
        [("Advanced", advanced_url), ("Events", events_url), *below],
        inlet=inlet,
        events_url=events_url,
        current_url=advanced_url,
        **context,
    )
