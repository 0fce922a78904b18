"""Webhooks of an integration. The URL is kept like a secret: of one that is there, only its origin is shown."""

from datetime import datetime

from django.utils import timezone
from pydantic import BaseModel, Field

from integrations.api.finding import find_integration
from integrations.api.notifications.emails import SentShape
from integrations.api.notifications.finding import WEBHOOK_AT, find_webhook, notified
from integrations.delegation import CONFIGURERS
from integrations.forms.notifications import WebhookForm
from integrations.models import Topic, Webhook
from integrations.notifications import webhooks
from workspaces.access import Power
from workspaces.api.bodies import Body, checked
from workspaces.api.paging import PAGING, Page, Paging, page_of
from workspaces.api.problems import ProblemError
from workspaces.api.routes import ORG, TENANT, Call, Routes, of_version

routes = Routes("Notifications")
_BOTH = (TENANT, ORG)
_ONE = f"{WEBHOOK_AT}/{{webhook}}"


class WebhookShape(BaseModel):
    """A webhook; ``former_secret_until`` is until when the secret before the last rotation signs too.

    ``secret`` is in the answer to its making and to a rotation, and in no other.
    """

    id: str
    name: str
    origin: str
    topics: list[Topic]
    is_on: bool
    off_reason: str | None = None
    former_secret_until: datetime | None = None
    created_at: datetime
    version_id: int
    secret: str | None = None


class NewWebhook(Body):
    name: str
    url: str
    topics: list[Topic] = Field(default=list(Topic), description="Absent: all")


class WebhookChange(Body):
    name: str | None = None
    url: str | None = Field(default=None, description="Absent: the one that it has stays")
    topics: list[Topic] | None = None
    is_on: bool | None = None


class Rotation(Body):
    former_secret_until: str | None = Field(
        default=None, description="As the webhook has it: sent twice, it rotates once"
    )


@routes.get(WEBHOOK_AT, gives=Page[WebhookShape], at=_BOTH, needs=Power.OWNER, delegates=CONFIGURERS)
def list_webhooks(call: Call, integration: str, paging: Paging = PAGING) -> Page[WebhookShape]:
    """List the webhooks of an integration."""
    rows = Webhook.objects.filter(integration=find_integration(call, integration))
    return page_of(call, rows, paging, _shape)


@routes.post(WEBHOOK_AT, gives=WebhookShape, at=_BOTH, delegates=CONFIGURERS)
def create_webhook(call: Call, integration: str, body: NewWebhook) -> WebhookShape:
    """Make a webhook; the answer has its secret, which is shown this once."""
    found = find_integration(call, integration)
    values = checked(WebhookForm(None, body.model_dump()))
    with notified(call):
        made = webhooks.create_webhook(integration=found, by=call.user, **values)
    return _shape(made, secret=made.secret)


@routes.get(_ONE, gives=WebhookShape, at=_BOTH, needs=Power.OWNER, delegates=CONFIGURERS)
def get_webhook(call: Call, integration: str, webhook: str) -> WebhookShape:
    """Get a webhook."""
    return _shape(find_webhook(call, integration, webhook))


@routes.patch(_ONE, gives=WebhookShape, at=_BOTH, delegates=CONFIGURERS)
def change_webhook(call: Call, integration: str, webhook: str, body: WebhookChange) -> WebhookShape:
    """Change what a webhook is called, where it posts, of what, or whether it does."""
    hook = find_webhook(call, integration, webhook)
    of_version(call, hook)
    sent = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    values = checked(WebhookForm(hook, hook.facts | {"url": ""} | sent))
    with notified(call):
        webhooks.change_webhook(webhook=hook, version=str(hook.version), by=call.user, **values)
    return _shape(find_webhook(call, integration, webhook))


@routes.delete(_ONE, gives=WebhookShape, at=_BOTH, delegates=CONFIGURERS)
def delete_webhook(call: Call, integration: str, webhook: str) -> WebhookShape:
    """Delete a webhook with what waits for it and what it was sent."""
    hook = find_webhook(call, integration, webhook)
    of_version(call, hook)
    shape = _shape(hook)
    webhooks.delete_webhook(webhook=hook, by=call.user)
    return shape


@routes.post(f"{_ONE}/rotate", gives=WebhookShape, at=_BOTH, status=200, delegates=CONFIGURERS)
def rotate_secret(call: Call, integration: str, webhook: str, body: Rotation | None = None) -> WebhookShape:
    """Make a new secret, which the answer has, and no other; the former one signs too for a day."""
    hook = find_webhook(call, integration, webhook)
    if body and body.former_secret_until is not None and not _is_same(hook, body.former_secret_until):
        raise ProblemError(409, webhooks.ROTATED_ALREADY)
    with notified(call):
        rotated = webhooks.rotate_secret(webhook=hook, former_until=hook.former_until, by=call.user, now=timezone.now())
    return _shape(rotated, secret=rotated.secret)


@routes.post(f"{_ONE}/end_former_secret", gives=WebhookShape, at=_BOTH, status=200, delegates=CONFIGURERS)
def end_former_secret(call: Call, integration: str, webhook: str) -> WebhookShape:
    """Let the secret before the last rotation sign no more, and forget it."""
    hook = find_webhook(call, integration, webhook)
    with notified(call):
        webhooks.end_former_secret(webhook=hook, by=call.user, now=timezone.now())
    return _shape(find_webhook(call, integration, webhook))


@routes.post(f"{_ONE}/test", gives=SentShape, at=_BOTH, delegates=CONFIGURERS)
def send_test_notification(call: Call, integration: str, webhook: str) -> SentShape:
    """Send a test to a webhook; what became of it is among the deliveries."""
    hook = find_webhook(call, integration, webhook)
    with notified(call):
        number = webhooks.send_test(integration=hook.integration, webhook=hook, by=call.user, now=timezone.now())
    return SentShape(sent=number)


def _is_same(hook: Webhook, sent: str) -> bool:
    """Whether this is what the webhook has: none is shown once the former secret is over, though the row keeps it."""
    if not sent:
        return not hook.has_former_secret(timezone.now())
    try:
        return datetime.fromisoformat(sent) == hook.former_secret_until
    except ValueError:
        return False


def _shape(hook: Webhook, *, secret: str | None = None) -> WebhookShape:
    is_former = hook.has_former_secret(timezone.now())
    return WebhookShape.model_validate(
        hook.facts
        | {
            "id": str(hook.uid),
            "off_reason": hook.off_reason or None,
            "former_secret_until": hook.former_secret_until if is_former else None,
            "created_at": hook.created_at,
            "version_id": hook.version,
            "secret": secret,
        }
    )
