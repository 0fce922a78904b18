"""Preview of a sync: what it would change now. Nothing is changed by looking."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from connections.errors import ChangedMeanwhileError
from integrations.delegation import SYNCERS
from integrations.models import Integration, SettingsTrial
from integrations.trials import preview, settings_trial
from integrations.views.frame import find_integration
from integrations.views.trials.outcome import outcome_context, show_trial
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.web.back import came_from


@scope_view(Power.OWNER, delegates=SYNCERS)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_preview(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Start a preview, follow it, and show what it found; closed, it is deleted."""
    found = find_integration(access, integration)
    own_url = access.scope.url("integration_detail", integration=found.handle)
    if request.method == "POST":
        if request.POST.get("do") == "close":
            settings_trial.discard(integration=found, about=SettingsTrial.About.PREVIEW, by=access.user)
            return redirect(own_url)
        try:
            preview.start(integration=found, by=access.user, now=timezone.now())
        except (ChangedMeanwhileError, settings_trial.OtherTrialError) as error:
            messages.error(request, str(error))
            return redirect(came_from(request, own_url))
        return redirect(request.path)
    return show_trial(
        request,
        access,
        found,
        "integrations/trials/preview.html",
        _found,
        about=SettingsTrial.About.PREVIEW,
        back="integration_detail",
        gone=preview.GONE,
    )


def _found(request: HttpRequest, access: Access, integration: Integration, trial: SettingsTrial) -> dict[str, object]:
    outcome = settings_trial.outcome_of(trial, integration)
    return outcome_context(request, access, integration, outcome) | {
        "asks": preview.why_it_would_ask(outcome, integration),
    }
