"""What the wizard's pages show."""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from integrations.access_tests import results
from integrations.models import AccessTest, Draft
from integrations.planning.reconcile import dynamic_handle
from integrations.planning.selection import Selection
from integrations.planning.selection_tree import in_words
from integrations.views.trials import account_tree
from integrations.wizard import drafts, setup_files
from integrations.wizard.drafts import Step
from integrations.wizard.steps import StepForm
from integrations.wizard.steps.type import IntegrationType
from workspaces.access import Access
from workspaces.web.htmx import asks_about_field, field_status, render_page

_EXAMPLE: Final = "Web Production"


def show_start(request: HttpRequest, access: Access, form: StepForm, why_not: str) -> HttpResponse:
    """Show step 1 before there is a draft."""
    context = {
        "steps": _rail(None, drafts.TYPE),
        "step": drafts.TYPE,
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
    outline = drafts.outline(draft) if at == drafts.DISCOVERY else None
    if outline and account_tree.asks_part(request):
        return account_tree.show_part(request, outline, drafts.draft_url(draft, at))
    if at == drafts.DISCOVERY and (test := tested["test"]):
        tested["about_others"] = setup_files.about_others(draft, test.report.get("who", {}).get("organization_id", ""))
    context = {
        "steps": _rail(draft, at),
        "step": at,
        "form": form,
        "draft": draft,
        "step_url": drafts.draft_url(draft, at),
        "cancel_url": access.scope.url("integration_draft_cancel", draft=draft.uid),
        "list_url": access.scope.url("integration_list"),
        **_of_step(access, draft, at),
        **tested,
        **(account_tree.choices(request, outline, drafts.draft_url(draft, at)) if outline else {}),
    }
    return render_page(request, f"integrations/wizard/{at.slug}.html", context, parts=("report",))


def _rail(draft: Draft | None, at: Step) -> list[dict[str, str]]:
    reached = drafts.first_undone(draft).index if draft else 0

    def state(step: Step) -> str:
        if step == at:
            return "current"
        is_done = draft is not None and step.index < draft.steps_done and step.index <= reached
        return "done" if is_done else "to-come"

    return [
        {
            "title": step.title,
            "state": state(step),
            "url": drafts.draft_url(draft, step) if draft and step != at and step.index <= reached else "",
        }
        for step in drafts.STEPS
    ]


def _of_step(access: Access, draft: Draft, at: Step) -> dict[str, Any]:
    def url(file: str) -> str:
        return access.scope.url("integration_draft_download", draft=draft.uid, file=file)

    if at == drafts.TYPE:
        return {"types": IntegrationType}
    if at == drafts.DISCOVERY:
        return {
            "external_id": draft.discovery_external_id,
            "manual_steps": setup_files.discovery_steps(draft),
            "terraform_url": url("discovery.tf"),
            "cloudformation_url": url("discovery.yaml"),
            "served": settings.PIPES_AWS_PRINCIPALS,
            "is_everything": Selection.of(draft.selection).is_everything,
            "chosen": in_words(Selection.of(draft.selection), {}),
        }
    if at == drafts.CONNECTION:
        return {
            "external_id": draft.connection_external_id,
            "manual_steps": setup_files.member_steps(draft),
            "stackset_url": url("members.yaml"),
            "why_no_stackset": setup_files.why_no_stackset(draft),
            "role_name": setup_files.member_role_name(draft),
            "about_others": setup_files.about_others(draft),
            "where_stackset_goes": setup_files.where_stackset_goes(draft),
        }
    return {}


def _of_test(request: HttpRequest, draft: Draft, kind: AccessTest.Kind) -> dict[str, Any]:
    """Give the newest test; ``is_news`` tells that it stands otherwise than the fragment which asks has seen."""
    test = results.newest(draft, kind, now=timezone.now())
    if test is None:
        return {"test": None}
    standing = f"{test.pk}-{test.state}-{test.report.get('phase', '')}"
    return {
        "test": test,
        "standing": standing,
        "is_news": request.GET.get("seen", standing) != standing,
        "is_about_these": test.fingerprint == results.fingerprint(draft, kind),
    }


def _example(form: StepForm, name: str) -> str:
    """Say what the prefix that is being typed does to a name."""
    handle = dynamic_handle("connection", _EXAMPLE, "", prefix=form.cleaned_data.get(name, ""))
    return f"The account “{_EXAMPLE}” becomes the connection {handle}."
