"""Accounts to mirror: the AWS organization is read anew, somebody chooses from it, and saves what that changes."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from connections.errors import ChangedMeanwhileError
from connections.retention import GRACE
from integrations.delegation import CONFIGURERS, why_held
from integrations.models import Integration, SettingsTrial
from integrations.planning.deletion_limit import HeldToItError
from integrations.planning.selection_tree import Outline, in_words
from integrations.trials import account_selection, settings_trial
from integrations.views.frame import find_integration
from integrations.views.trials import account_tree
from integrations.views.trials.outcome import outcome_context, show_trial
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.wording.names import isolated

_ABOUT = SettingsTrial.About.SELECTION


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_selection(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Follow the read, show the tree to choose from and what saving would change, and save or discard that."""
    found = find_integration(access, integration)
    config_url = access.scope.url("integration_config", integration=found.handle)
    now = timezone.now()
    problem = ""
    try:
        if request.method == "POST" and (press := account_tree.pressed(request)):
            return _press(request, found, press)
        if account_tree.asks_part(request):
            return account_tree.show_part(request, account_selection.outline(found, now=now), request.path)
    except settings_trial.TrialGoneError:
        messages.info(request, account_selection.GONE)
        return redirect(config_url)
    if request.method == "POST":
        problem = _do(request, access, found)
        if not problem:
            return redirect(request.path if request.POST.get("do") in ("start", "again") else config_url)
    return show_trial(
        request,
        access,
        found,
        "integrations/trials/account_selection.html",
        _found,
        about=_ABOUT,
        problem=problem,
        gone=problem or account_selection.GONE,
        parts=("trial", "outcome"),
    )


def _press(request: HttpRequest, integration: Integration, press: account_tree.Press) -> HttpResponse:
    now = timezone.now()
    if press.choice is None:
        outline = account_selection.outline(integration, now=now)
    else:
        outline = account_selection.choose(
            integration=integration, verb=press.choice, source_id=press.source_id, now=now
        )
    return account_tree.answer(request, press, outline, request.path)


def _do(request: HttpRequest, access: Access, integration: Integration) -> str:
    """Do what the button asks for; return why not as a sentence, empty when it was done."""
    do, version = request.POST.get("do"), request.POST.get("version", "")
    try:
        if do == "start":
            _start(request, access, integration, version)
        elif do == "again":
            account_selection.read_again(integration=integration, by=access.user, now=timezone.now())
        elif do == "discard":
            settings_trial.discard(integration=integration, about=_ABOUT, by=access.user)
            messages.info(request, f"The accounts that {integration} mirrors stay as they were.")
        else:
            seen, why, now = request.POST.get("seen", ""), why_held(access, integration), timezone.now()
            account_selection.save(
                integration=integration, version=version, seen=seen, by=access.user, now=now, why_held=why
            )
            messages.success(request, f"Saved the accounts that {integration} mirrors.")
    except (ChangedMeanwhileError, HeldToItError, settings_trial.OtherTrialError) as error:
        return str(error)
    except tuple(account_selection.WHY_NOT_SAVED) as error:
        return account_selection.WHY_NOT_SAVED[type(error)]
    return ""


def _start(request: HttpRequest, access: Access, integration: Integration, version: str) -> None:
    begun = account_selection.start(integration=integration, version=version, by=access.user, now=timezone.now())
    if begun.created_by_id != access.user.pk:
        messages.info(
            request, f"{isolated(begun.created_by)} has begun to choose here. What is ticked so far is theirs."
        )


def _found(request: HttpRequest, access: Access, integration: Integration, trial: SettingsTrial) -> dict[str, object]:
    outcome = settings_trial.outcome_of(trial, integration)
    outline = Outline(outcome.snapshot, outcome.selection)
    is_other = outcome.selection != integration.chosen
    tree = account_tree.choices(request, outline, request.path)
    words = in_words(integration.chosen, integration.known_selection)
    return (
        tree
        | outcome_context(request, access, integration, outcome)
        | {"is_other": is_other, "grace": GRACE, "words": words}
    )
