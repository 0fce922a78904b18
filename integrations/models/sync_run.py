"""One discovery and reconciliation of one integration."""

import heapq
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from integrations.models.integration import Integration, ReadBy
from workspaces.access import Scope
from workspaces.models import Tenant, User
from workspaces.models.versioned import PublicIdField, Versioned

# A person who asked for a run that starts later than this does not look on any more.
_ATTENTION = timedelta(minutes=10)
HEAVY: Final = ("changes", "removals", "impact", "covered")  # fields that only the page of one run needs


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    """Ways to runs; lists go without their changes, of which there may be thousands."""

    def of(self, integration: Integration) -> Self:
        return self.filter(integration=integration).defer(*HEAVY).order_by("-pk")

    def newest_in_scope(self, scope: Scope, *, before: int | None, count: int) -> Self:
        """The newest runs of all integrations that this tenant or organization itself owns, the latest first.

        Found by the index of each integration's runs, so that it does not matter how many there are: the newest are
        runs of the integrations whose own newest are the newest.
        """
        runs = newest_of_each()
        if before is not None:
            runs = runs.filter(pk__lt=before)
        own = Integration.objects.in_scope(scope).annotate(newest=Subquery(runs[:1])).filter(newest__isnull=False)
        lately = list(own.order_by("-newest").values_list("pk", flat=True)[:count])
        each = Integration.objects.filter(pk__in=lately).annotate(pks=ArraySubquery(runs[:count]))
        newest = heapq.nlargest(count, chain.from_iterable(each.values_list("pks", flat=True)))
        return self.filter(pk__in=newest).defer(*HEAVY).order_by("-pk")

    def undecided(self, integration: Integration) -> Self:
        """The run of an integration that needs approval: one at most."""
        return self._questions_of(integration).filter(state=SyncRun.State.NEEDS_APPROVAL)

    def changed_something(self, integration: Integration, *, after: datetime) -> Self:
        """The runs of an integration that ended after this, and changed something."""
        # Written as in the index run_that_changed.
        changed = self.filter(integration=integration, state=SyncRun.State.SUCCEEDED).exclude(counts={})
        return changed.filter(finished_at__gt=after)

    def approved_removals(self, integration: Integration) -> frozenset[str]:
        """The provider's ids of what the next run may remove whatever the limit.

        Callers that act on it have locked the schedule's row, so that nobody decides meanwhile.
        """
        approved = self._questions_of(integration).filter(state=SyncRun.State.APPROVED)
        return frozenset(approved.values_list("removals", flat=True).first() or ())

    def has_question(self, integration_id: int) -> bool:
        """Whether something waits for a person, or for the sync that does what a person has approved."""
        return self._questions_of(integration_id).exists()

    def _questions_of(self, integration: Integration | int) -> Self:
        # Written as in the index run_one_question, or PostgreSQL would not see that it holds all of them.
        asked = (SyncRun.State.NEEDS_APPROVAL, SyncRun.State.APPROVED)
        return self.filter(integration=integration, state__in=asked)

    def good_since(self, integrations: Iterable[Integration]) -> dict[int, datetime]:
        """Say when the tree of each was last made as it is in AWS, by the ids of those where it ever was."""
        good = newest_of_each().filter(state=SyncRun.State.SUCCEEDED, kind=SyncRun.Kind.FULL).values("finished_at")[:1]
        ids = [integration.pk for integration in integrations]
        found = Integration.objects.filter(pk__in=ids).values_list("pk", Subquery(good)) if ids else ()
        return {pk: at for pk, at in found if at is not None}

    def latest_of(self, integrations: Iterable[Integration]) -> Self:
        """The latest run of each, found by the index however many there are."""
        latest = newest_of_each()[:1]
        ids = [integration.pk for integration in integrations]
        # Asked for first: within one statement PostgreSQL may compare all runs with what it found.
        found = list(Integration.objects.filter(pk__in=ids).values_list(Subquery(latest), flat=True))
        return self.filter(pk__in=found).defer(*HEAVY)


def newest_of_each() -> "models.QuerySet[SyncRun, Any]":
    """The ids of the runs of the outer integration, the latest first.

    Written so that only the index of each integration's runs gives this order. With "=" PostgreSQL would look through
    the runs of all, among few integrations, until it meets one of this: millions, if others ran since.
    """
    own = SyncRun.objects.filter(integration__gte=OuterRef("pk"), integration__lte=OuterRef("pk"))
    return own.order_by("integration_id", "-pk").values("pk")


class SyncRun(Versioned):
    """A sync run (a *process* in the console): who started it, how far it is, what it changed, or why it did not.

    ``number`` counts the runs of its integration from 1 on; the database gives it to each that is made. ``changes``
    holds every change as ``[kind, node, source id, label, before, after]``; ``counts`` how many of each.
    A record may stand for ``folded_runs`` runs in a row that changed nothing, itself the last of them; the first was
    queued at ``folded_since``. Null means that nobody has looked yet whether it can be folded (``sync.run_records``).
    ``impact`` is what it has meant to workspaces, as ``sync.kept_impact`` keeps it.
    ``read_by`` and ``read_at`` say what has read the AWS organization before, and when, where it was not read again.
    ``is_about_access`` says that it failed for what the Discovery Settings hold. A run that needed approval changed
    nothing: ``changes`` are what it would have changed, ``removals`` the provider's ids of all that would have gone,
    ``error`` why it asks, ``decided_by`` and ``decided_at`` who answered and when.

    ``events`` are those that it looked for, as ``[name, id, when it occurred]``. A targeted run has ``covered``, the
    provider's ids of all that it saw; ``lag_seconds`` are from the first event that made a change to the commit.
    A full run that events asked for says ``why_full``. ``differing`` counts the changes that a targeted run should have
    made or has made wrong, ``unreported`` those that no event had told of while the schedule relied on that.
    """

    class Trigger(models.TextChoices):
        CREATED = "created", "Integration created"
        MANUAL = "manual", "Sync Integration"
        SCHEDULED = "scheduled", "Schedule"
        EVENT = "event", "Event from AWS"
        COMMAND = "command", "Command line"
        SETTINGS = "settings", "Discovery Settings"
        SELECTION = "selection", "Accounts to mirror"
        APPROVAL = "approval", "Approve"

    class Kind(models.TextChoices):
        """What it reads: everything, or what events name."""

        FULL = "full", "Full sync"
        TARGETED = "targeted", "Targeted sync"

    class State(models.TextChoices):
        """How it stands, in the words of every page; one that needs approval is over, and waits for a decision."""

        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Synced"
        FAILED = "failed", "Failed"
        NEEDS_APPROVAL = "needs_approval", "Needs approval"
        APPROVED = "approved", "Approved"  # and not applied by a later run yet
        APPLIED = "applied", "Approved, applied"
        DISCARDED = "discarded", "Discarded"
        SUPERSEDED = "superseded", "Replaced"  # a later run asks anew, or succeeded without

    class Phase(models.TextChoices):
        CHECKING = "checking", "Checking access"
        READING = "reading", "Reading the AWS organization"
        CONFIRMING = "confirming", "Making sure that what is missing is gone"
        COMPARING = "comparing", "Updating the tree"
        LAGGING = "lagging", "Waiting until AWS shows the change"  # of one that is queued again

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(  # the index run_by_integration is its index
        Integration, on_delete=models.CASCADE, related_name="runs", db_index=False, db_constraint=False
    )
    public_id = PublicIdField("p")
    number = models.IntegerField(db_default=0, editable=False)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.FULL, db_default=Kind.FULL)
    events = models.JSONField(null=True)
    why_full = models.CharField(max_length=300, blank=True, default="", db_default="")
    covered = models.JSONField(null=True)
    lag_seconds = models.FloatField(null=True)
    differing = models.PositiveIntegerField(null=True)
    unreported = models.PositiveIntegerField(null=True)
    trigger = models.CharField(max_length=10, choices=Trigger)
    started_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=14, choices=State, default=State.QUEUED)
    phase = models.CharField(max_length=10, choices=Phase, blank=True)
    claim = models.UUIDField(default=uuid.uuid4)
    folders_read = models.PositiveIntegerField(default=0)
    accounts_read = models.PositiveIntegerField(default=0)
    aws_calls = models.PositiveIntegerField(default=0)
    read_by = models.CharField(max_length=10, choices=ReadBy, blank=True, default="", db_default="")
    read_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    removals = models.JSONField(default=list)
    impact = models.JSONField(null=True)
    error = models.TextField(blank=True)
    is_about_access = models.BooleanField(default=False, db_default=False)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    folded_runs = models.PositiveIntegerField(null=True)
    folded_since = models.DateTimeField(null=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["integration", "-id"], name="run_by_integration"),
            models.Index(
                fields=["integration", "id"],
                name="run_to_fold",
                condition=Q(folded_runs=None, state="succeeded", trigger__in=["scheduled", "event"], counts={}),
            ),
            models.Index(
                fields=["integration", "finished_at"],
                name="run_that_changed",
                condition=Q(state="succeeded") & ~Q(counts={}),
            ),
        ]
        constraints = [
            # With the tenant, so that what somebody names of another tells nothing: its key refuses it, and not this.
            models.UniqueConstraint(
                fields=["integration", "number", "tenant"], condition=Q(number__gt=0), name="run_number"
            ),
            # Whatever crashes, and however many people click: one sync of an integration at a time.
            models.UniqueConstraint(
                fields=["integration"], condition=Q(state__in=["queued", "running"]), name="run_one_at_a_time"
            ),
            # One question at a time; whatever is asked or decided later replaces it.
            models.UniqueConstraint(
                fields=["integration"], condition=Q(state__in=["needs_approval", "approved"]), name="run_one_question"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.number} of {self.integration_id}"

    @property
    def units_read(self) -> int:
        """How many OUs were read; the root is read too, and is none."""
        return max(self.folders_read - 1, 0)

    @property
    def tone(self) -> str:
        """The colour of its state."""
        return _LOOKS[self.State(self.state)][0]

    @property
    def icon(self) -> str:
        return _LOOKS[self.State(self.state)][1]

    @property
    def is_over(self) -> bool:
        return self.state not in OPEN_STATES

    @property
    def shown_trigger(self) -> str:
        """What started it, as people and programs are told: one of the schedule that has somebody was asked for.

        A delegate has asked for that who may not approve removals, so it is held to the deletion limit.
        """
        is_asked_for = self.trigger == self.Trigger.SCHEDULED and self.started_by_id is not None
        return self.Trigger.MANUAL if is_asked_for else self.trigger

    @property
    def cause(self) -> str:
        """The same in words."""
        return str(dict(self.Trigger.choices).get(self.shown_trigger, self.shown_trigger))

    @property
    def is_attended(self) -> bool:
        """Whether somebody has just asked for it and looks on, so that the deletion limit does not hold."""
        is_asked_for = self.trigger in (self.Trigger.CREATED, self.Trigger.MANUAL, self.Trigger.COMMAND)
        return is_asked_for and self.started_at is not None and self.started_at - self.queued_at <= _ATTENTION

    @property
    def has_asked(self) -> bool:
        """Whether it stopped at the deletion limit, whatever became of that."""
        return self.is_over and self.state not in (self.State.SUCCEEDED, self.State.FAILED)

    @property
    def since(self) -> datetime:
        """When it came to how it stands: ended, was started or was queued."""
        return self.finished_at or self.started_at or self.queued_at

    @property
    def elapsed(self) -> timedelta:
        return (self.finished_at or timezone.now()) - (self.started_at or self.queued_at)


# How each state looks: its colour, and its icon. Only what waits for somebody warns.
_LOOKS: Final = {
    SyncRun.State.QUEUED: ("blue", "loader-circle"),
    SyncRun.State.RUNNING: ("blue", "loader-circle"),
    SyncRun.State.SUCCEEDED: ("green", "circle-check"),
    SyncRun.State.FAILED: ("red", "circle-x"),
    SyncRun.State.NEEDS_APPROVAL: ("amber", "triangle-alert"),
    SyncRun.State.APPROVED: ("blue", "circle-check"),
    SyncRun.State.APPLIED: ("green", "circle-check"),
    SyncRun.State.DISCARDED: ("", "circle-slash"),
    SyncRun.State.SUPERSEDED: ("", "history"),
}
OPEN_STATES: Final = (SyncRun.State.QUEUED, SyncRun.State.RUNNING)  # of a run that has not come to its end
