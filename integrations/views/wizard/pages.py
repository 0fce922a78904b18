"""What the wizard's pages show."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from integrations.access import findings
from integrations.access_tests import results
from integrations.forms.settings import SettingsForm
from integrations.models import AccessTest, Draft
from integrations.views.trials import account_tree
from integrations.wizard import drafts
from integrations.wizard.steps import STEPS, TYPE, Step
from workspaces.access import Access
from workspaces.web.htmx import asks_about_field, field_status, render_page


def show_start(request: HttpRequest, access: Access, form: SettingsForm, why_not: str) -> HttpResponse:
    context = {
        "steps": _rail(None, TYPE),
        "step": TYPE,
        "form": form,
        "why_not": why_not,
        "list_url": access.scope.url("integration_list"),
    }
    return render(request, "integrations/wizard/type.html", context)


def show_step(request: HttpRequest, access: Access, draft: Draft, at: Step, form: SettingsForm) -> HttpResponse:
    """Show one step of a draft, or the part of it that HTMX asks for."""
    if name := asks_about_field(request, form):
        form.is_valid()
        if (example := at.example(form, name)) is not None:
            told = {"field": form[name], "ok": example.sentence, "warning": example.warning}
            return render(request, "components/field.html#status", told)
        return field_status(request, form, name)
    # The test first: one that passes between the two is followed once more, where the other way its tree never came.
    test = results.newest(draft, at.tests, now=timezone.now()) if at.tests else None
    outline, step_url = at.outline(draft), drafts.draft_url(draft, at)
    if outline and account_tree.asks_part(request):
        return account_tree.show_part(request, outline, step_url)

    def url_of(file: str) -> str:
        return access.scope.url("integration_draft_download", draft=draft.uid, file=file)

    context = {
        "steps": _rail(draft, at),
        "step": at,
        "form": form,
        "draft": draft,
        "step_url": step_url,
        "cancel_url": access.scope.url("integration_draft_cancel", draft=draft.uid),
        "test": test,
        **at.context(draft, url_of, test),
        **(_standing(request, draft, test) if test else {}),
        **(account_tree.choices(request, outline, step_url) if outline else {}),
    }
    return render_page(request, f"integrations/wizard/{at.slug}.html", context, parts=("report",))


def _rail(draft: Draft | None, at: Step) -> list[dict[str, str]]:
    reached = STEPS.index(drafts.first_undone(draft)) if draft else 0

    def row(index: int, step: Step) -> dict[str, str]:
        is_done = draft is not None and index < draft.steps_done and index <= reached
        state = "current" if step is at else "done" if is_done else "to-come"
        url = drafts.draft_url(draft, step) if draft and step is not at and index <= reached else ""
        return {"title": step.title, "state": state, "url": url}

    return [row(index, step) for index, step in enumerate(STEPS)]


def _standing(request: HttpRequest, draft: Draft, test: AccessTest) -> dict[str, Any]:
    """Say how the newest test stands; ``is_changed`` is True where the polling fragment shows another state."""
    standing = f"{test.pk}-{test.state}-{test.found.phase}"
    return {
        "standing": standing,
        "is_changed": request.GET.get("seen", standing) != standing,
        "is_about_these": test.fingerprint == findings.fingerprint(draft, AccessTest.Kind(test.kind)),
    }
