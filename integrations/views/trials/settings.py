"""New discovery settings on trial: followed while they are tried, then what saving them would change."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from connections.errors import ChangedMeanwhileError
from integrations import edit_conflicts, retention
from integrations.models import Integration, SettingsTrial
from integrations.trials import settings_trial
from integrations.views.frame import find_integration, integration_page
from integrations.views.trials.outcome import WHY_NOT_SAVED, prospect_context
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.web.htmx import render_page
from workspaces.wording.durations import spoken

_STALE = (
    "A sync has seen a newer state of AWS than what is shown here. Discard this and save the settings again, so that"
    " AWS is read anew; nothing was saved."
)
_GONE = (
    f"There are no new Discovery Settings to save: they were saved or discarded, or {spoken(retention.TRIAL)} has"
    " passed since."
)


@scope_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_trial(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Follow a trial, show what it found, and save or discard it."""
    found = find_integration(access, integration)
    config_url = access.scope.url("integration_config", integration=found.handle)
    problem = ""
    if request.method == "POST":
        if request.POST.get("do") == "discard":
            settings_trial.discard(integration=found, by=access.user)
            messages.info(request, f"The Discovery Settings of {found} stay as they were.")
            return redirect(config_url)
        problem = _save(request, access, found)
        if not problem:
            messages.success(request, f"Saved the Discovery Settings of {found}.")
            return redirect(config_url)
    trial = settings_trial.find(found, now=timezone.now())
    if trial is None or trial.about != SettingsTrial.About.DISCOVERY:
        messages.info(request, _GONE)
        return redirect(config_url)
    return _show(request, access, found, trial, problem=problem, config_url=config_url)


def _save(request: HttpRequest, access: Access, integration: Integration) -> str:
    """Save the trial; gives the sentence that says why not, empty when it was saved."""
    version, seen = request.POST.get("version", ""), request.POST.get("seen", "")
    try:
        settings_trial.save(integration=integration, version=version, seen=seen, by=access.user, now=timezone.now())
    except ChangedMeanwhileError as error:
        return str(error)
    except tuple(WHY_NOT_SAVED) as error:
        return WHY_NOT_SAVED[type(error)]
    except settings_trial.StaleReadError:
        return _STALE
    except settings_trial.TrialGoneError:
        return _GONE
    return ""


def _show(
    request: HttpRequest,
    access: Access,
    integration: Integration,
    trial: SettingsTrial,
    *,
    problem: str,
    config_url: str,
) -> HttpResponse:
    current = Integration.objects.select_related("tenant", "organization", "root_folder").get(pk=integration.pk)
    context = integration_page(
        access, current, trial=trial, problem=problem, config_url=config_url, current_url=config_url, groups=()
    )
    if trial.base_version != current.version and not problem:
        context["problem"] = edit_conflicts.who_changed(current)
    if trial.state == SettingsTrial.State.READY:
        context |= _found(request, current, trial)
    return render_page(request, "integrations/trials/trial.html", context, parts=("trial",))


def _found(request: HttpRequest, integration: Integration, trial: SettingsTrial) -> dict[str, object]:
    ahead = settings_trial.prospect(trial, integration)
    before = integration.source_organization_id
    titles = {held.source_id: held.title for held in ahead.tree.folders}
    return prospect_context(request, ahead) | {
        "left_out": [(titles.get(source_id, ""), source_id) for source_id in trial.left_out],
        "other_organization": before and before != ahead.snapshot.organization_id and ahead.snapshot.organization_id,
    }
