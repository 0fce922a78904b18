"""What people do about the emails of an integration: each function is one transaction and writes one audit event.

ChangedMeanwhileError is raised where the page that somebody acted on is not true any more.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from connections.errors import ChangedMeanwhileError
from integrations.edit_conflicts import who_changed
from integrations.models import EmailNotifications, Event, Integration
from integrations.notifications import outbox, rate_limit, recipients
from integrations.notifications.recipients import Holder
from workspaces import audit
from workspaces.models import User


@transaction.atomic
def change_emails(
    *,
    integration: Integration,
    topics: Sequence[str],
    to_owners: bool,
    addresses: Sequence[str],
    version: str,
    by: User,
    now: datetime,
) -> list[str]:
    """Set who gets which emails about an integration; gives the new addresses that are asked for confirmation.

    ``version`` is the one that the person's page was made from. Raises LimitReachedError.
    """
    lock(integration)
    current = EmailNotifications.of(integration)
    if str(current.version) != version:
        raise ChangedMeanwhileError(who_changed(integration))
    before = current.facts
    current.topics, current.to_owners, current.addresses = list(topics), to_owners, list(addresses)
    if current.facts == before:
        return []
    current.confirmed = [address for address in current.confirmed if address in addresses]
    current.version += 1
    current.save()
    audit.record(
        "integration.emails_changed",
        scope=integration.scope,
        by=by,
        target=integration,
        before=before,
        after=current.facts,
    )
    asked = [address for address in recipients.unconfirmed(current) if address not in before["addresses"]]
    _ask(integration, asked, by=by, now=now)
    return asked


@transaction.atomic
def ask_again(*, integration: Integration, address: str, by: User, now: datetime) -> None:
    """Send one more email that asks for confirmation. Raises LimitReachedError."""
    lock(integration)
    if address not in recipients.unconfirmed(EmailNotifications.of(integration)):
        raise ChangedMeanwhileError("This address needs no confirmation any more: it was confirmed, or taken out.")
    _ask(integration, [address], by=by, now=now)
    audit.record("integration.address_asked", scope=integration.scope, by=by, target=integration, address=address)


def _ask(integration: Integration, addresses: Sequence[str], *, by: User, now: datetime) -> None:
    for address in addresses:
        rate_limit.count(by, now)
        rate_limit.count_question(integration.tenant_id, address, now)
    outbox.queue(integration, Event.QUESTION, emails=addresses, now=now)


@transaction.atomic
def confirm(holder: Holder, integration: Integration) -> None:
    """Let emails go to the address whose mail somebody reads; quiet when they do, or it was taken out meanwhile."""
    lock(integration)
    current = EmailNotifications.of(integration)
    address = holder.find(current)
    if address and address not in current.confirmed:
        current.confirmed.append(address)
        current.save(update_fields=["confirmed"])
        audit.record(
            "integration.address_confirmed", scope=integration.scope, by=None, target=integration, address=address
        )


@transaction.atomic
def stop(holder: Holder, integration: Integration) -> None:
    """Take an address out, because somebody who reads its mail wants that; quiet when it is out."""
    lock(integration)
    current = EmailNotifications.of(integration)
    address, before = holder.find(current), current.facts
    if address:
        current.addresses = [each for each in current.addresses if each != address]
        current.confirmed = [each for each in current.confirmed if each != address]
        current.version += 1
        current.save(update_fields=["addresses", "confirmed", "version"])
        details = {"before": before, "after": current.facts, "address": address}
        audit.record("integration.address_stopped", scope=integration.scope, by=None, target=integration, **details)


def lock(integration: Integration) -> None:
    """One change of an integration's notifications at a time; also where the plan allows no other change of it."""
    there = Integration.objects.filter(pk=integration.pk, state=Integration.State.ACTIVE)
    if there.select_for_update(no_key=True).first() is None:
        raise ChangedMeanwhileError(f"Somebody deleted the integration {integration} meanwhile.")
