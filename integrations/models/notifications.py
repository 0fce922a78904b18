"""Who is notified of what about an integration, and every notification on its way or sent."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.integration import Integration
from integrations.models.lease import Leased
from integrations.models.sync_run import SyncRun
from workspaces.database import at_most_one
from workspaces.models import Tenant
from workspaces.models.sealed_text import SealedTextField


class Topic(models.TextChoices):
    """What people choose to be notified of."""

    CHANGES = "changes", "A sync changed something"
    APPROVAL = "approval", "A sync would remove much and needs approval"
    TROUBLE = "trouble", "Syncs keep failing, and when they work again"


class Event(models.TextChoices):
    """What happened; the values are the types that webhooks are sent, but for the question to a typed address."""

    CHANGED = "sync.changed", "Changes"
    ASKS = "sync.needs_approval", "Needs approval"
    FAILING = "sync.failing", "Syncs fail"
    RECOVERED = "sync.recovered", "Syncs work again"
    TEST = "test", "Test"
    QUESTION = "address.question", "Confirmation"


TOPIC_OF = {
    Event.CHANGED: Topic.CHANGES,
    Event.ASKS: Topic.APPROVAL,
    Event.FAILING: Topic.TROUBLE,
    Event.RECOVERED: Topic.TROUBLE,
}


def urgent() -> list[str]:
    """Give what emails are about until somebody chooses: what needs a person, and no mere change."""
    return [Topic.APPROVAL.value, Topic.TROUBLE.value]


class EmailNotifications(models.Model):
    """The emails about one integration; without a row its owners are notified of what needs a person.

    ``confirmed`` are those of the addresses whose reader has agreed. ``version`` grows with
    every change, so that of two people who edit at once the second is warned.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    integration = models.OneToOneField(Integration, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    topics = models.JSONField(default=urgent)
    to_owners = models.BooleanField(default=True)
    addresses = models.JSONField(default=list)
    confirmed = models.JSONField(default=list)
    version = models.PositiveIntegerField(default=1)

    objects: ClassVar[models.Manager["EmailNotifications"]] = models.Manager()

    def __str__(self) -> str:
        return f"emails about {self.integration_id}"

    @classmethod
    def of(cls, integration: Integration) -> "EmailNotifications":
        """Give what is set for an integration, or the default, which is no row yet."""
        found = at_most_one(cls.objects.filter(integration=integration))
        found = found or cls(tenant_id=integration.tenant_id)
        found.integration = integration
        return found

    @property
    def facts(self) -> dict[str, Any]:
        """What the audit log says of it."""
        return {"topics": self.topics, "to_owners": self.to_owners, "addresses": self.addresses}


class Webhook(models.Model):
    """A URL of the customer's that is sent notifications, signed with a secret that we made.

    Both are sealed, for the path of a URL is often a secret too. ``origin`` is what pages may show of it. After a
    rotation the former secret signs as well until ``former_secret_until``, which may be ended sooner. ``off_reason``
    says why it is switched off, if it was not a person.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    name = models.CharField(max_length=60)
    origin = models.CharField(max_length=300)
    sealed_url = SealedTextField(kind="webhook")
    sealed_secret = SealedTextField(kind="webhook")
    sealed_former_secret = SealedTextField(kind="webhook", blank=True)
    former_secret_until = models.DateTimeField(null=True)
    topics = models.JSONField(default=list)
    is_on = models.BooleanField(default=True)
    off_reason = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    url: str  # in the clear: for posting to, never for a page
    secret: str  # in the clear: for signing, and for the page that shows it once
    former_secret: str

    objects: ClassVar[models.Manager["Webhook"]] = models.Manager()

    def __str__(self) -> str:
        return self.name

    def has_former_secret(self, now: datetime) -> bool:
        """Whether the secret before the last rotation signs too."""
        is_within = self.former_secret_until is not None and self.former_secret_until > now
        return is_within and self.sealed_former_secret != ""

    @property
    def former_until(self) -> str:
        """``former_secret_until`` as forms hold it: another one after each rotation, and after the former one's end."""
        return self.former_secret_until.isoformat() if self.former_secret_until else ""

    @property
    def facts(self) -> dict[str, Any]:
        """What the audit log says of it."""
        return {"name": self.name, "origin": self.origin, "topics": self.topics, "is_on": self.is_on}


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def of(self, integration: Integration) -> Self:
        """Those of one integration, the latest first."""
        return self.filter(integration=integration).select_related("webhook").order_by("-pk")


class Delivery(models.Model):
    """One notification to one destination: an email address or a webhook.

    Written in the transaction that ends the run it reports: it exists exactly if that is true. ``failing_since`` is
    when the fault began that a message of trouble is about.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    event = models.CharField(max_length=30, choices=Event)
    run = models.ForeignKey(SyncRun, null=True, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    failing_since = models.DateTimeField(null=True)
    webhook = models.ForeignKey(Webhook, null=True, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    email = models.CharField(max_length=254, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["integration", "-id"], name="delivery_by_integration")]
        constraints = [
            models.CheckConstraint(
                condition=Q(webhook=None) & ~Q(email="") | Q(webhook__isnull=False, email=""),
                name="delivery_has_one_destination",
            ),
            # Nobody is notified twice of one thing.
            models.UniqueConstraint(fields=["run", "event", "webhook"], name="delivery_once_a_webhook"),
            models.UniqueConstraint(
                fields=["run", "event", "email"], condition=Q(webhook=None), name="delivery_once_an_address"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook or self.email}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be tried by itself."""
        return self.state != self.State.WAITING


class DeliveryDue(Leased):
    """What the sender works from: one row for each delivery that waits. It holds no name, address or secret.

    Like the schedule of syncs it is outside the tenants' wall. ``claim`` is the token of who is sending it right now;
    ``attempts`` counts the claims, so that no delivery is tried for ever.
    """

    delivery = models.OneToOneField(
        Delivery, primary_key=True, on_delete=models.CASCADE, related_name="due", db_constraint=False
    )
    tenant_id = models.BigIntegerField()
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)

    objects: ClassVar[models.Manager["DeliveryDue"]] = models.Manager()

    class Meta:
        indexes = [models.Index(fields=["tenant_id", "due_at"], name="delivery_due_by_tenant")]

    def __str__(self) -> str:
        return f"{self.delivery_id} due {self.due_at:%Y-%m-%d %H:%M:%S}"
