"""The wizard's pages: each POST saves what is valid and goes where its button says."""

from typing import Any, Final, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from integrations import retention
from integrations.access_tests.request import request_test
from integrations.forms.settings import SettingsForm
from integrations.models import Draft, Integration
from integrations.views.trials import account_tree
from integrations.views.wizard import pages
from integrations.wizard import drafts
from integrations.wizard.steps import STEPS, Step
from integrations.wizard.steps.permissions import PermissionsForm
from integrations.wizard.steps.type import TypeForm
from workspaces.access import Access, Power, why_no_integrations
from workspaces.scoping import scope_view
from workspaces.web.htmx import asks_about_field
from workspaces.wording.names import isolated

_CREATED_BEFORE: Final = (
    "{} was created from this draft before, with what was chosen then. What you sent now changed nothing: if you chose"
    " something else here, change it under Config, or under Permissions of its folder."
)


@scope_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, access: Access) -> HttpResponse:
    """Step 1 of a new integration; its Next makes the draft. Where the plan allows none, the reason is shown."""
    why_not = why_no_integrations(access.scope)
    form = TypeForm(request.POST if request.method == "POST" else None, label_suffix="")
    if request.method == "POST" and not why_not and form.is_valid():
        draft = drafts.create_draft(scope=access.scope, by=access.user)
        return redirect(drafts.draft_url(draft))
    return pages.show_start(request, access, form, why_not)


@scope_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, access: Access, draft: UUID, step: str) -> HttpResponse:
    at = next((known for known in STEPS if known.slug == step), None)
    if at is None:
        raise Http404
    found = _find(request, access, draft)
    if not isinstance(found, Draft):
        return found
    undone = drafts.first_undone(found)
    if STEPS.index(at) > STEPS.index(undone):
        return redirect(drafts.draft_url(found, undone))
    if request.method == "POST":
        return _post(request, access, found, at)
    form = at.form(found, _asked(request, found, at))
    return pages.show_step(request, access, found, at, form)


@scope_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, access: Access, draft: UUID) -> HttpResponse:
    found = _found(request, access, draft)
    if not isinstance(found, Draft):
        return found
    if request.method == "POST":
        drafts.discard_draft(draft=found, by=access.user)
        messages.info(request, "The integration was not created.")
        return redirect(access.scope.url("integration_list"))
    context = {"draft": found, "cancel_url": drafts.draft_url(found), "lifetime": retention.DRAFT}
    return render(request, "integrations/wizard/cancel.html", context | {"frame": "console.html"})


def _find(request: HttpRequest, access: Access, uid: UUID) -> Draft | HttpResponse:
    """Find the draft of a step; where the plan allows no integration (any more), step 1 shows why."""
    if why_no_integrations(access.scope):
        return redirect(access.scope.url("integration_new"))
    return _found(request, access, uid)


def _found(request: HttpRequest, access: Access, uid: UUID) -> Draft | HttpResponse:
    """Find the draft; a finished one leads to its integration, another scope's to nothing."""
    found = drafts.find(access.scope, uid, now=timezone.now(), is_locked=request.method == "POST")
    if found is None:
        raise Http404
    if isinstance(found, Integration):
        if request.method == "POST":  # a second time, or from another tab, where something else may be chosen
            messages.warning(request, _CREATED_BEFORE.format(isolated(found.handle)))
        return redirect(_detail_url(access, found))
    return found


def _detail_url(access: Access, integration: Integration) -> str:
    return access.scope.url("integration_detail", integration=integration.handle)


def _asked(request: HttpRequest, draft: Draft, at: Step) -> Any:
    """Give what a form is to judge when a page is only looked at: a field that is being typed, or what is stored."""
    return request.GET if asks_about_field(request, at.form(draft)) else at.stored(draft)


def _post(request: HttpRequest, access: Access, draft: Draft, at: Step) -> HttpResponse:
    now, button = timezone.now(), request.POST.get("do", "next")
    form = at.form(draft, request.POST)
    is_valid = form.is_valid()
    form.keep()
    if at.has_tree and (press := account_tree.pressed(request)):
        return _choose(request, draft, at, press, is_complete=is_valid)
    if button == "next" and at.refuses(form):
        is_valid = False
    drafts.save_step(draft, at, is_complete=is_valid, now=now)
    if button == "previous":
        place = STEPS.index(at)
        return redirect(drafts.draft_url(draft, STEPS[place - 1]) if place else access.scope.url("integration_list"))
    if button == "rotate" and at.tests:
        drafts.rotate_external_id(draft=draft, kind=at.tests, by=access.user)
        return redirect(f"{drafts.draft_url(draft, at)}?rotated=yes")
    if button in ("next", "test") and not is_valid:
        return pages.show_step(request, access, draft, at, form)
    if button == "test" and at.tests:
        request_test(draft, at.tests, by=access.user, now=now)
    elif button == "next":
        return _next(access, draft, at, form)
    return redirect(drafts.draft_url(draft, at))


def _choose(
    request: HttpRequest, draft: Draft, at: Step, press: account_tree.Press, *, is_complete: bool
) -> HttpResponse:
    """Tick or show something in the tree of a step; what was typed is kept too."""
    if press.choice is not None:
        at.choose(draft, press.choice, press.source_id)
    drafts.save_step(draft, at, is_complete=is_complete, now=timezone.now())
    outline, url = at.outline(draft), drafts.draft_url(draft, at)
    return account_tree.answer(request, press, outline, url) if outline else redirect(url)


def _next(access: Access, draft: Draft, at: Step, form: SettingsForm) -> HttpResponse:
    if at is not STEPS[-1]:
        return redirect(drafts.draft_url(draft, STEPS[STEPS.index(at) + 1]))
    audiences = cast("PermissionsForm", form).audiences()
    integration = drafts.finish(draft, audiences, by=access.user, now=timezone.now())
    return redirect(_detail_url(access, integration) if integration else drafts.draft_url(draft))
