"""Webhooks of an integration; a secret is on the page that answers its making, and on no other."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from connections.errors import ChangedMeanwhileError
from integrations import retention
from integrations.delegation import CONFIGURERS
from integrations.forms.notifications import WebhookForm
from integrations.models import Integration, Webhook
from integrations.notifications import webhooks
from integrations.views.frame import find_integration
from integrations.views.notifications.overview import notifications_page, notifications_url
from workspaces.access import Access, Power
from workspaces.rate_limit import LimitReachedError
from workspaces.scoping import scope_view
from workspaces.web.htmx import render_page
from workspaces.wording.names import isolated


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def webhook_create(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Ask where to post what, make the webhook, and show its secret."""
    found = find_integration(access, integration)
    form = WebhookForm(None, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = webhooks.create_webhook(integration=found, by=access.user, **form.cleaned_data)
        except webhooks.WebhookRefusedError as error:
            form.add_error("url", str(error))
        except ChangedMeanwhileError as error:
            form.add_error(None, str(error))
        else:
            return _show_secret(request, access, made, is_new=True)
    return render_page(
        request,
        "integrations/notifications/webhook_new.html",
        notifications_page(access, found, [("New Webhook", "")], form=form),
        parts=(),
    )


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_detail(request: HttpRequest, access: Access, integration: str, webhook: UUID) -> HttpResponse:
    """Show and change a webhook; its URL and its secret stay where they are."""
    hook = _find(access, integration, webhook)
    form = WebhookForm(hook, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        version = request.POST.get("version", "")
        try:
            webhooks.change_webhook(webhook=hook, version=version, by=access.user, **form.cleaned_data)
        except ChangedMeanwhileError as error:
            form.add_error(None, str(error))
        except webhooks.WebhookRefusedError as error:
            form.add_error("url", str(error))
        else:
            messages.success(request, f"Saved the webhook {form.cleaned_data['name']}.")
            return redirect(notifications_url(access, hook.integration))
    has_former = hook.has_former_secret(timezone.now())
    page = "integrations/notifications/webhook.html"
    return _render(request, access, hook, page, form=form, has_former_secret=has_former)


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def webhook_rotate(request: HttpRequest, access: Access, integration: str, webhook: UUID) -> HttpResponse:
    """Ask whether a new secret is wanted, make it, and show it."""
    hook = _find(access, integration, webhook)
    if request.method == "POST":
        try:
            former_until = request.POST.get("former_until", "")
            rotated = webhooks.rotate_secret(
                webhook=hook, former_until=former_until, by=access.user, now=timezone.now()
            )
        except ChangedMeanwhileError as error:
            messages.error(request, str(error))
            return redirect(notifications_url(access, hook.integration))
        return _show_secret(request, access, rotated, is_new=False)
    hours = retention.FORMER_SECRET // timedelta(hours=1)
    return _render(
        request, access, hook, "integrations/notifications/webhook_rotate.html", "Rotate the Secret", hours=hours
    )


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_end_former(request: HttpRequest, access: Access, integration: str, webhook: UUID) -> HttpResponse:
    """Ask whether the secret before the last rotation should sign no more, and end it."""
    hook = _find(access, integration, webhook)
    if request.method == "POST":
        try:
            webhooks.end_former_secret(webhook=hook, by=access.user, now=timezone.now())
        except ChangedMeanwhileError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"Only the new secret signs what is posted to {isolated(hook)}.")
        return redirect(notifications_url(access, hook.integration))
    return _render(request, access, hook, "integrations/notifications/webhook_end_former.html", "End the Old Secret")


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_delete(request: HttpRequest, access: Access, integration: str, webhook: UUID) -> HttpResponse:
    hook = _find(access, integration, webhook)
    if request.method == "POST":
        webhooks.delete_webhook(webhook=hook, by=access.user)
        messages.success(request, f"Deleted the webhook {isolated(hook)}.")
        return redirect(notifications_url(access, hook.integration))
    return _render(request, access, hook, "integrations/notifications/webhook_delete.html", "Delete")


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_POST
def webhook_test(request: HttpRequest, access: Access, integration: str, webhook: UUID) -> HttpResponse:
    hook = _find(access, integration, webhook)
    try:
        webhooks.send_test(integration=hook.integration, webhook=hook, by=access.user, now=timezone.now())
    except (LimitReachedError, ChangedMeanwhileError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"A test is on its way to {isolated(hook)}. What became of it is shown below.")
    return redirect(notifications_url(access, hook.integration))


def _find(access: Access, integration: str, webhook: UUID) -> Webhook:
    found: Integration = find_integration(access, integration)
    hook = get_object_or_404(Webhook.objects.filter(integration=found), uid=webhook)
    hook.integration = found
    return hook


def _render(
    request: HttpRequest, access: Access, hook: Webhook, page: str, name: str = "", /, **context: object
) -> HttpResponse:
    """Show a page about a webhook: its own, or the one below that with this name."""
    url = access.scope.url("webhook_detail", integration=hook.integration.handle, webhook=hook.uid)
    below = [(hook.name, url), (name, "")] if name else [(hook.name, url)]
    whole = notifications_page(access, hook.integration, below, hook=hook, **context)
    return render_page(request, page, whole, parts=())


def _show_secret(request: HttpRequest, access: Access, hook: Webhook, *, is_new: bool) -> HttpResponse:
    page = "integrations/notifications/webhook_secret.html"
    return _render(request, access, hook, page, "Secret", secret=hook.secret, is_new=is_new)
