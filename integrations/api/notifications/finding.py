"""What the routes of notifications have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.http import Http404

from integrations.api.finding import find_integration, understood
from integrations.models import Webhook
from integrations.notifications import webhooks
from workspaces.api.problems import invalid
from workspaces.api.routes import Call
from workspaces.database import at_most_one

EMAIL_AT = "/integration/{integration}/notification/email"
WEBHOOK_AT = "/integration/{integration}/notification/webhook"
DELIVERY_AT = "/integration/{integration}/notification/delivery"


def find_webhook(call: Call, integration: str, webhook: str) -> Webhook:
    """Find a webhook of an integration by its id; raises Http404."""
    found = find_integration(call, integration)
    hook = at_most_one(Webhook.objects.filter(integration=found, uid=uid_of(webhook)))
    if hook is None:
        raise Http404
    hook.integration = found
    return hook


def uid_of(text: str) -> UUID:
    """Read an id; raises Http404 for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


@contextmanager
def notified(call: Call) -> Iterator[None]:
    """Say of what an action refuses what it means to a program."""
    try:
        with understood(call):
            yield
    except webhooks.WebhookRefusedError as error:
        raise invalid("url", str(error)) from None
