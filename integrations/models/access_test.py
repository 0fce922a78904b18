"""A test of access to AWS: runs in the background, the page follows its row."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.access_test_values import Instead, Report
from workspaces.models import Tenant


class AccessTest(models.Model):
    """One press of *Test Discovery* or *Test Connection*, and what came of it.

    ``subject`` is the uid of the draft, integration or account access; ``fingerprint`` says which settings were
    tested, so that an answer about others is not taken for one about these; ``instead`` holds what is tested in place
    of what is stored, for settings that nobody has saved yet. ``report`` is what the page shows and grows while the
    test runs; ``progressed_at`` is when it last grew. ``snapshot`` is what the newest Test Discovery of a draft read,
    packed: the tree from which to choose.
    """

    class Kind(models.TextChoices):
        DISCOVERY = "discovery", "Test Discovery"
        CONNECTION = "connection", "Test Connection"
        ACCOUNT = "account", "Test Connection"  # of one connection made by hand

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    subject = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    fingerprint = models.CharField(max_length=64)
    instead = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    snapshot = models.BinaryField(default=b"")
    created_at = models.DateTimeField(auto_now_add=True)
    progressed_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["AccessTest"]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "kind"],
                condition=Q(state__in=["queued", "running"]),
                name="access_test_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.state}"

    @property
    def tried_instead(self) -> Instead:
        return Instead.from_json(self.instead)

    @property
    def found(self) -> Report:
        return Report.from_json(self.report)

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.PASSED, self.State.FAILED)
