"""Preview of a sync: what it would change now. Nothing is changed by looking."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from connections.errors import ChangedMeanwhileError
from integrations import retention
from integrations.models import Integration, SettingsTrial
from integrations.trials import preview, settings_trial
from integrations.views.frame import find_integration, integration_page
from integrations.views.trials.outcome import outcome_context
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.web.htmx import render_page
from workspaces.wording.durations import duration_in_words


@scope_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_preview(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Start a preview, follow it, and show what it found; closed, it is deleted."""
    found = find_integration(access, integration)
    advanced_url = access.scope.url("integration_advanced", integration=found.handle)
    if request.method == "POST":
        if request.POST.get("do") == "close":
            settings_trial.discard(integration=found, about=SettingsTrial.About.PREVIEW, by=access.user)
            return redirect(advanced_url)
        try:
            preview.start(integration=found, by=access.user, now=timezone.now())
        except (ChangedMeanwhileError, settings_trial.OtherTrialError) as error:
            messages.error(request, str(error))
            return redirect(advanced_url)
        return redirect(request.path)
    trial = settings_trial.find(found, now=timezone.now())
    if trial is None or trial.about != SettingsTrial.About.PREVIEW:
        messages.info(
            request,
            f"There is no preview any more: it was closed, or {duration_in_words(retention.TRIAL)} has passed since.",
        )
        return redirect(advanced_url)
    context = integration_page(
        access,
        found,
        trial=trial,
        current_url=advanced_url,
        sync_url=access.scope.url("integration_sync", integration=found.handle),
        groups=(),
    )
    if trial.state == SettingsTrial.State.READY:
        context |= _found(request, found, trial)
    return render_page(request, "integrations/trials/preview.html", context, parts=("trial",))


def _found(request: HttpRequest, integration: Integration, trial: SettingsTrial) -> dict[str, object]:
    outcome = settings_trial.outcome_of(trial, integration)
    return outcome_context(request, outcome) | {"asks": preview.why_it_would_ask(outcome, integration)}
