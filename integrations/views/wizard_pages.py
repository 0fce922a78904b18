"""What the wizard's pages show."""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from integrations import access_tests, handouts, wizard
from integrations.forms import StepForm
from integrations.forms.type import IntegrationType
from integrations.models import AccessTest, Draft
from integrations.outline import in_words
from integrations.reconcile import dynamic_handle
from integrations.selection import Selection
from integrations.views import choices
from integrations.wizard import Step
from workspaces.access import Access
from workspaces.web.htmx import asks_about_field, field_status, render_page

_EXAMPLE: Final = "Web Production"


def show_start(request: HttpRequest, access: Access, form: StepForm, why_not: str) -> HttpResponse:
    """Show step 1 before there is a draft."""
    context = {
        "steps": _rail(None, wizard.TYPE),
        "step": wizard.TYPE,
        "form": form,
        "why_not": why_not,
        "list_url": access.scope.url("integration_list"),
        "types": IntegrationType,
    }
    return render(request, "integrations/wizard/type.html", context)


def show_step(request: HttpRequest, access: Access, draft: Draft, at: Step, form: StepForm) -> HttpResponse:
    """Show one step of a draft, or the part of it that HTMX asks for."""
    if name := asks_about_field(request, form):
        form.is_valid()
        if name == "handle_prefix":
            return render(request, "components/field.html#status", {"field": form[name], "ok": _example(form, name)})
        return field_status(request, form, name)
    # The test first: one that passes between the two is followed once more, where the other way its tree never came.
    tested = _of_test(request, draft, at.tests) if at.tests else {}
    outline = wizard.outline(draft) if at == wizard.DISCOVERY else None
    if outline and choices.asks_part(request):
        return choices.show_part(request, outline, wizard.draft_url(draft, at))
    if at == wizard.DISCOVERY and (test := tested["test"]):
        tested["about_others"] = handouts.about_others(draft, test.report.get("who", {}).get("organization_id", ""))
    context = {
        "steps": _rail(draft, at),
        "step": at,
        "form": form,
        "draft": draft,
        "step_url": wizard.draft_url(draft, at),
        "cancel_url": access.scope.url("integration_draft_cancel", draft=draft.uid),
        "list_url": access.scope.url("integration_list"),
        **_of_step(access, draft, at),
        **tested,
        **(choices.choices(request, outline, wizard.draft_url(draft, at)) if outline else {}),
    }
    return render_page(request, f"integrations/wizard/{at.slug}.html", context, parts=("report",))


def _rail(draft: Draft | None, at: Step) -> list[dict[str, str]]:
    reached = wizard.first_undone(draft).index if draft else 0

    def state(step: Step) -> str:
        if step == at:
            return "current"
        is_done = draft is not None and step.index < draft.steps_done and step.index <= reached
        return "done" if is_done else "to-come"

    return [
        {
            "title": step.title,
            "state": state(step),
            "url": wizard.draft_url(draft, step) if draft and step != at and step.index <= reached else "",
        }
        for step in wizard.STEPS
    ]


def _of_step(access: Access, draft: Draft, at: Step) -> dict[str, Any]:
    def url(file: str) -> str:
        return access.scope.url("integration_draft_download", draft=draft.uid, file=file)

    if at == wizard.TYPE:
        return {"types": IntegrationType}
    if at == wizard.DISCOVERY:
        return {
            "external_id": draft.discovery_external_id,
            "manual_steps": handouts.discovery_steps(draft),
            "terraform_url": url("discovery.tf"),
            "cloudformation_url": url("discovery.yaml"),
            "served": settings.PIPES_AWS_PRINCIPALS,
            "is_everything": Selection.of(draft.selection).is_everything,
            "chosen": in_words(Selection.of(draft.selection), {}),
        }
    if at == wizard.CONNECTION:
        return {
            "external_id": draft.connection_external_id,
            "manual_steps": handouts.member_steps(draft),
            "stackset_url": url("members.yaml"),
            "why_no_stackset": handouts.why_no_stackset(draft),
            "role_name": handouts.member_role_name(draft),
            "about_others": handouts.about_others(draft),
            "where_stackset_goes": handouts.where_stackset_goes(draft),
        }
    return {}


def _of_test(request: HttpRequest, draft: Draft, kind: AccessTest.Kind) -> dict[str, Any]:
    """Give the newest test; ``is_news`` tells that it stands otherwise than the fragment which asks has seen."""
    test = access_tests.newest(draft, kind, now=timezone.now())
    if test is None:
        return {"test": None}
    standing = f"{test.pk}-{test.state}-{test.report.get('phase', '')}"
    return {
        "test": test,
        "standing": standing,
        "is_news": request.GET.get("seen", standing) != standing,
        "is_about_these": test.fingerprint == access_tests.fingerprint(draft, kind),
    }


def _example(form: StepForm, name: str) -> str:
    """Say what the prefix that is being typed does to a name."""
    handle = dynamic_handle("connection", _EXAMPLE, "", prefix=form.cleaned_data.get(name, ""))
    return f"The account “{_EXAMPLE}” becomes the connection {handle}."
