"""The page of a trial: how far it is, then what would change in the tree and in workspaces."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import astuple
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from integrations import edit_conflicts
from integrations.delegation import may, why_held
from integrations.models import Integration, SettingsTrial
from integrations.planning import words
from integrations.trials import settings_trial
from integrations.views.frame import integration_page
from integrations.views.sync.diff import group_changes, link
from integrations.views.workspace_impact import lines_for
from integrations.wizard import expected
from workspaces.access import Access
from workspaces.web.htmx import render_page

_NAMES: Final = {
    SettingsTrial.About.DISCOVERY: "New Discovery Settings",
    SettingsTrial.About.SELECTION: "Accounts to mirror",
    SettingsTrial.About.PREVIEW: "Preview of a sync",
}


def show_trial(
    request: HttpRequest,
    access: Access,
    integration: Integration,
    template: str,
    found: Callable[[HttpRequest, Access, Integration, SettingsTrial], dict[str, object]],
    *,
    about: SettingsTrial.About,
    gone: str,
    problem: str = "",
    back: str = "integration_config",
    parts: tuple[str, ...] = ("trial",),
) -> HttpResponse:
    """Show the open trial that is about this; where there is none, say so on the page ``back``.

    ``found`` gives what the template shows of one that is ready, ``problem`` says why it was not saved, ``gone`` why
    there may be none.
    """
    back_url = access.scope.url(back, integration=integration.handle)
    trial = settings_trial.find(integration, now=timezone.now())
    if trial is None or trial.about != about:
        messages.info(request, gone)
        return redirect(back_url)
    current = Integration.objects.select_related("tenant", "organization", "root_folder").get(pk=integration.pk)
    if trial.base_version != current.version and not problem:
        problem = edit_conflicts.who_changed(current)
    below = [(_NAMES[about], "")] if back == "integration_detail" else [("Config", back_url), (_NAMES[about], "")]
    context = integration_page(
        access, current, below, trial=trial, problem=problem, back_url=back_url, current_url=back_url, groups=()
    )
    if trial.state == SettingsTrial.State.READY:
        context |= found(request, access, current, trial)
    if trial.state == SettingsTrial.State.FAILED:
        context["expected"] = expected.of_discovery(trial) if may(access, current).configure else ()
    return render_page(request, template, context, parts=parts)


def outcome_context(
    request: HttpRequest, access: Access, integration: Integration, outcome: settings_trial.TrialOutcome
) -> dict[str, object]:
    """Give what the template of changes needs, and what saving them has to send back."""
    removals = [change for change in outcome.changes if change.kind == "remove"]
    reasons = words.reasons([change.after for change in removals])
    groups = group_changes(
        (astuple(change) for change in outcome.changes),
        kind=request.GET.get("kind", ""),
        page=request.GET.get("page", "1"),
    )
    return {
        "groups": link(groups, integration, access),
        "is_one_kind": "kind" in request.GET,
        **lines_for(access, outcome.impacts),
        "seen": outcome.fingerprint,
        "removed": len(removals),
        "reasons": reasons,
        "over_limit": _why_not(access, integration, outcome),
        "act": _act(Counter(change.node for change in removals)),
    }


def _why_not(access: Access, integration: Integration, outcome: settings_trial.TrialOutcome) -> str:
    """Say why this person may not save it: it removes more than what they are held to. Empty where they may."""
    over, why = outcome.why_over(integration), why_held(access, integration)
    return f"{over} {why}" if over and why else ""


def _act(removals: Mapping[str, int]) -> str:
    """Say on the button what saving does beside saving, where something goes."""
    going = [
        f"{count:,} {node}{'' if count == 1 else 's'}"
        for node in ("folder", "connection")
        if (count := removals.get(node, 0))
    ]
    return f"Save and remove {' and '.join(going)}" if going else "Save"
