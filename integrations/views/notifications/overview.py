"""The notifications of an integration: emails, webhooks, and what was sent lately."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from connections.errors import ChangedMeanwhileError
from integrations import retention
from integrations.delegation import CONFIGURERS
from integrations.forms.notifications import EmailsForm
from integrations.models import Delivery, Integration, Webhook
from integrations.notifications import emails, recipients, webhooks
from integrations.views.frame import find_integration, integration_page
from workspaces.access import Access, Power
from workspaces.rate_limit import LimitReachedError
from workspaces.scoping import scope_view
from workspaces.web import pagination
from workspaces.web.htmx import render_page
from workspaces.web.inputs import key_in
from workspaces.wording.durations import duration_in_words

PAGE_SIZE = 25


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
def integration_notifications(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Show who is notified of what, and what was sent; save who gets emails."""
    found = find_integration(access, integration)
    if request.method != "POST":
        return _show(request, access, found, EmailsForm(found))
    form = EmailsForm(found, request.POST)
    if form.is_valid():
        version = request.POST.get("version", "")
        try:
            asked = emails.change_emails(
                integration=found, version=version, by=access.user, now=timezone.now(), **form.cleaned_data
            )
        except ChangedMeanwhileError as error:
            form.add_error(None, str(error))
        except LimitReachedError as error:
            form.add_error("addresses", str(error))
        else:
            messages.success(request, f"Saved who gets emails about {found}. {_question_is_sent(asked)}".rstrip())
            return redirect(notifications_url(access, found))
    return _show(request, access, found, form)


def _show(request: HttpRequest, access: Access, integration: Integration, form: EmailsForm) -> HttpResponse:
    deliveries = Delivery.objects.of(integration)
    page = pagination.page_before(deliveries, key_in(request.GET.get("before")), size=PAGE_SIZE)
    now = timezone.now()
    context = notifications_page(
        access,
        integration,
        form=form,
        unconfirmed=recipients.unconfirmed(form.stored),
        webhooks=Webhook.objects.filter(integration=integration).order_by("name", "pk"),
        page=page,
        nothing_sent=f"Nothing was sent in the last {duration_in_words(retention.DELIVERY)}.",
        is_sending=any(row.next_try_at is not None and row.next_try_at <= now for row in page.rows),
    )
    return render_page(request, "integrations/notifications/overview.html", context, parts=("deliveries",))


def _question_is_sent(asked: Sequence[str]) -> str:
    return f"An email that asks for confirmation is on its way to {', '.join(asked)}." if asked else ""


def notifications_url(access: Access, integration: Integration) -> str:
    return access.scope.url("integration_notifications", integration=integration.handle)


def notifications_page(
    access: Access, integration: Integration, below: Sequence[tuple[str, str]] = (), /, **context: object
) -> dict[str, object]:
    """Make the frame of the pages about notifications, of which ``below`` are those under the first."""
    url, here = access.scope.url, notifications_url(access, integration)
    advanced_url = url("integration_advanced", integration=integration.handle)
    return integration_page(
        access,
        integration,
        [("Advanced", advanced_url), ("Notifications", here), *below],
        base_url=here,
        runs_url=url("run_list", integration=integration.handle),
        current_url=advanced_url,
        **context,
    )


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_POST
def notifications_test(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Send a test to everybody who gets emails."""
    found = find_integration(access, integration)
    try:
        number = webhooks.send_test(integration=found, webhook=None, by=access.user, now=timezone.now())
    except (LimitReachedError, ChangedMeanwhileError) as error:
        messages.error(request, str(error))
    else:
        if number:
            to = "1 address" if number == 1 else f"{number} addresses"
            messages.success(request, f"A test is on its way to {to}. What became of it is shown below.")
        else:
            messages.error(request, webhooks.NOBODY)
    return redirect(notifications_url(access, found))


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_POST
def address_ask(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    found = find_integration(access, integration)
    address = request.POST.get("address", "")
    try:
        emails.ask_again(integration=found, address=address, by=access.user, now=timezone.now())
    except (LimitReachedError, ChangedMeanwhileError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _question_is_sent([address]))
    return redirect(notifications_url(access, found))


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_POST
def delivery_send(request: HttpRequest, access: Access, integration: str, delivery: int) -> HttpResponse:
    found = find_integration(access, integration)
    again = get_object_or_404(Delivery.objects.of(found), pk=delivery)
    try:
        webhooks.send_again(delivery=again, by=access.user, now=timezone.now())
    except LimitReachedError as error:
        messages.error(request, str(error))
    return redirect(f"{notifications_url(access, found)}#deliveries")
