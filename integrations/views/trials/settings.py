"""New discovery settings on trial: followed while they are tried, then what saving them would change."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from connections.errors import ChangedMeanwhileError
from integrations import retention
from integrations.delegation import CONFIGURERS, why_held
from integrations.models import Integration, SettingsTrial
from integrations.planning.deletion_limit import HeldToItError
from integrations.trials import settings_trial
from integrations.trials.why_not_saved import WHY_NOT_SAVED
from integrations.views.frame import find_integration
from integrations.views.trials.outcome import outcome_context, show_trial
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.wording.durations import duration_in_words

_ABOUT = SettingsTrial.About.DISCOVERY
_GONE = (
    "There are no new Discovery Settings to save: they were saved or discarded, or"
    f" {duration_in_words(retention.TRIAL)} has passed since."
)
_WHY_NOT_SAVED = WHY_NOT_SAVED | {
    settings_trial.TrialGoneError: _GONE,
    settings_trial.StaleReadError: "A sync has seen a newer state of AWS than what is shown here. Discard this and"
    " save the settings again, so that AWS is read anew; nothing was saved.",
}


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_trial(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    found = find_integration(access, integration)
    config_url = access.scope.url("integration_config", integration=found.handle)
    problem = ""
    if request.method == "POST":
        if request.POST.get("do") == "discard":
            settings_trial.discard(integration=found, about=_ABOUT, by=access.user)
            messages.info(request, f"The Discovery Settings of {found} stay as they were.")
            return redirect(config_url)
        problem = _save(request, access, found)
        if not problem:
            messages.success(request, f"Saved the Discovery Settings of {found}.")
            return redirect(config_url)
    template = "integrations/trials/trial.html"
    return show_trial(request, access, found, template, _found, about=_ABOUT, problem=problem, gone=_GONE)


def _save(request: HttpRequest, access: Access, integration: Integration) -> str:
    """Save the trial; return why not as a sentence, empty when it was saved."""
    shown = {name: request.POST.get(name, "") for name in ("version", "seen")}
    why = why_held(access, integration)
    try:
        settings_trial.save(integration=integration, **shown, by=access.user, now=timezone.now(), why_held=why)
    except (ChangedMeanwhileError, HeldToItError) as error:
        return str(error)
    except tuple(_WHY_NOT_SAVED) as error:
        return _WHY_NOT_SAVED[type(error)]
    return ""


def _found(request: HttpRequest, access: Access, integration: Integration, trial: SettingsTrial) -> dict[str, object]:
    outcome = settings_trial.outcome_of(trial, integration)
    before = integration.source_organization_id
    titles = {held.source_id: held.title for held in outcome.tree.folders}
    return outcome_context(request, access, integration, outcome) | {
        "left_out": [(titles.get(source_id, ""), source_id) for source_id in trial.left_out],
        "other_organization": before
        and before != outcome.snapshot.organization_id
        and outcome.snapshot.organization_id,
    }
