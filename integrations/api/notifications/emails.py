"""Who gets emails about an integration, of what."""

from django.utils import timezone
from pydantic import BaseModel

from integrations.api.finding import find_integration
from integrations.api.notifications.finding import EMAIL_AT, notified
from integrations.delegation import CONFIGURERS
from integrations.forms.notifications import EmailsForm
from integrations.models import EmailNotifications, Integration, Topic
from integrations.notifications import emails, recipients, webhooks
from workspaces.access import Power
from workspaces.api.bodies import Body, checked
from workspaces.api.problems import ProblemError
from workspaces.api.routes import ORG, TENANT, Call, Routes, of_version

routes = Routes("Notifications")
_BOTH = (TENANT, ORG)


class EmailsShape(BaseModel):
    """Who gets emails of what; ``unconfirmed`` are those of the addresses that were asked and have not agreed yet."""

    topics: list[Topic]
    to_owners: bool
    addresses: list[str]
    unconfirmed: list[str]
    version_id: int


class EmailsChange(Body):
    topics: list[Topic] | None = None
    to_owners: bool | None = None
    addresses: list[str] | None = None


class Question(Body):
    address: str


class SentShape(BaseModel):
    """To how many a notification is on its way."""

    sent: int


@routes.get(EMAIL_AT, gives=EmailsShape, at=_BOTH, needs=Power.OWNER, delegates=CONFIGURERS)
def get_emails(call: Call, integration: str) -> EmailsShape:
    """Get who gets which emails about an integration."""
    return _shape(find_integration(call, integration))


@routes.patch(EMAIL_AT, gives=EmailsShape, at=_BOTH, delegates=CONFIGURERS)
def change_emails(call: Call, integration: str, body: EmailsChange) -> EmailsShape:
    """Change who gets which emails; an address of nobody here is asked first whether it wants them."""
    found = find_integration(call, integration)
    with notified(call):
        emails.lock(found)
    stored = EmailNotifications.of(found)
    of_version(call, stored)
    wanted = stored.facts | {
        name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None
    }
    form = EmailsForm(found, wanted | {"addresses": "\n".join(wanted["addresses"])})
    values = checked(form)
    with notified(call):
        emails.change_emails(integration=found, version=str(stored.version), by=call.user, now=timezone.now(), **values)
    return _shape(found)


@routes.post(f"{EMAIL_AT}/ask", gives=EmailsShape, at=_BOTH, status=200, delegates=CONFIGURERS)
def ask_address(call: Call, integration: str, body: Question) -> EmailsShape:
    """Send one more email that asks an address whether it wants emails."""
    found = find_integration(call, integration)
    with notified(call):
        emails.ask_again(integration=found, address=body.address, by=call.user, now=timezone.now())
    return _shape(found)


@routes.post(f"{EMAIL_AT}/test", gives=SentShape, at=_BOTH, delegates=CONFIGURERS)
def send_test_email(call: Call, integration: str) -> SentShape:
    """Send a test to everybody who gets emails."""
    found = find_integration(call, integration)
    with notified(call):
        number = webhooks.send_test(integration=found, webhook=None, by=call.user, now=timezone.now())
    if not number:
        raise ProblemError(409, webhooks.NOBODY)
    return SentShape(sent=number)


def _shape(integration: Integration) -> EmailsShape:
    stored = EmailNotifications.of(integration)
    return EmailsShape.model_validate(
        stored.facts | {"unconfirmed": recipients.unconfirmed(stored), "version_id": stored.version}
    )
