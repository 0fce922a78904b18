"""The pages behind the links of emails, for the person who reads the mail of a typed address: to confirm it, to stop.

Nobody is signed in here; what the link holds was signed by us. A link that we did not sign shows nothing. Only a POST
does something, because mail programs open links to look behind them.
"""

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from connections.errors import ChangedMeanwhileError
from integrations import retention
from integrations.models import EmailNotifications, Integration
from integrations.notifications import emails, recipients
from integrations.notifications.recipients import Holder
from workspaces import isolation
from workspaces.database import at_most_one
from workspaces.scoping import public_view

Act = Callable[[Holder, Integration], None]


@never_cache
@public_view
@require_http_methods(["GET", "HEAD", "POST"])
def email_confirm(request: HttpRequest, holder: str) -> HttpResponse:
    """Ask whether the address is to get emails, and take the answer."""
    return _answer(
        request, holder, "integrations/notifications/email_confirm.html", emails.confirm, retention.CONFIRMATION_LINK
    )


@csrf_exempt
@never_cache
@public_view
@require_http_methods(["GET", "HEAD", "POST"])
def email_stop(request: HttpRequest, holder: str) -> HttpResponse:
    """Ask whether the address is to get no more emails; a mail program posts by itself, as RFC 8058 says."""
    return _answer(request, holder, "integrations/notifications/email_stop.html", emails.stop, None)


def _answer(request: HttpRequest, token: str, page: str, act: Act, max_age: timedelta | None) -> HttpResponse:
    holder = recipients.holder_of(token, max_age=max_age)
    if holder is None:
        return _gone(request)
    with isolation.as_tenant(holder.tenant_id):
        found = Integration.objects.select_related("tenant", "organization").filter(pk=holder.integration_id)
        integration = at_most_one(found)
        address = holder.find(EmailNotifications.of(integration)) if integration else ""
        if integration is None or not address:
            return _gone(request)
        if request.method == "POST":
            try:
                act(holder, integration)
            except ChangedMeanwhileError:  # it is being deleted
                return _gone(request)
        current = EmailNotifications.of(integration)
        context = {
            "integration": integration,
            "address": address,
            "is_confirmed": address in recipients.of(current),
            "is_out": address not in current.addresses,
            "token": token,
        }
        return render(request, page, context)


def _gone(request: HttpRequest) -> HttpResponse:
    return render(
        request, "integrations/notifications/email_gone.html", {"lifetime": retention.CONFIRMATION_LINK}, status=404
    )
