"""The link to one AWS organization."""

from collections.abc import Sequence
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from connections.models import Folder
from integrations.models.settings import NamedSettings
from integrations.planning import deletion_limit
from integrations.planning.selection_tree import SelectionFacts
from workspaces.access import Scope
from workspaces.delegation.rows import GOES_WITH, Delegation
from workspaces.delegation.verbs import permissions_of
from workspaces.models import Tenant
from workspaces.models.versioned import PublicIdField, Versioned


class IntegrationQuerySet(models.QuerySet["Integration"]):
    def in_scope(self, scope: Scope) -> Self:
        """Integrations that this tenant or organization itself owns, and that nobody has deleted."""
        return self._owned_by(scope).filter(state=Integration.State.ACTIVE)

    def at_and_below(self, scope: Scope, states: "Sequence[Integration.State]" = ()) -> Self:
        """Those of a tenant with those of all its organizations, or those of an organization; active ones only.

        Or those in the given states.
        """
        places = {"organization": scope.organization} if scope.organization else {}
        return self.filter(tenant=scope.tenant, state__in=states or [Integration.State.ACTIVE], **places)

    def delete_failed(self, scope: Scope) -> Self:
        """Integrations whose deletion stopped half-way: all that can be done with them is to delete them again."""
        return self._owned_by(scope).filter(state=Integration.State.DELETE_FAILED)

    def _owned_by(self, scope: Scope) -> Self:
        return self.filter(tenant=scope.tenant, organization=scope.organization)


class Integration(NamedSettings, Versioned):
    """The link to one AWS organization, and the folder that mirrors its root.

    ``source_organization_id`` is the AWS organization that the first sync found; a later sync that finds another one
    changes nothing. ``role_proved_at`` is when the role was last seen to refuse everybody without our external id.

    Of two people who edit the settings at once one is warned, by ``version``. The ``next_…`` external ids are rotated
    ones that no test has proved yet. ``unseen_folders`` are the ids of the organizational units that the credentials
    may not read, as somebody saved them: a sync expects no more of them. ``selection_facts`` are what the last read
    says of the selection, a SelectionFacts. ``sent_config`` is what a program has last sent for its settings, without
    the secret: the answers to it have the same keys.

    A sync that nobody attends and that would remove more connections than both limits, a share of all in per cent and a
    number, asks first.
    """

    class State(models.TextChoices):
        """Whether it is there, or on its way out; its nodes are removed as soon as it is not active."""

        ACTIVE = "active", "Active"
        DELETING = "deleting", "Deleting"
        DELETE_FAILED = "delete_failed", "Delete failed"

    state = models.CharField(max_length=14, choices=State, default=State.ACTIVE)
    next_discovery_external_id = models.CharField(max_length=60, blank=True, editable=False)
    next_connection_external_id = models.CharField(max_length=60, blank=True, editable=False)
    unseen_folders = models.JSONField(default=list, blank=True)
    selection_facts = models.JSONField(default=dict, blank=True)
    deletion_limit_percent = models.PositiveSmallIntegerField(default=deletion_limit.DEFAULT_PERCENT)
    deletion_limit_count = models.PositiveIntegerField(default=deletion_limit.DEFAULT_CONNECTIONS)
    root_folder = models.OneToOneField(
        Folder, on_delete=models.PROTECT, related_name="integration", db_constraint=False
    )
    source_organization_id = models.CharField(max_length=40, blank=True)
    management_account_id = models.CharField(max_length=12, blank=True)
    role_proved_at = models.DateTimeField(null=True)
    sent_config = models.JSONField(null=True, editable=False)
    public_id = PublicIdField("i")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = IntegrationQuerySet.as_manager()

    class Meta:
        permissions = permissions_of("integration")
        indexes = [
            models.Index(fields=["id"], condition=Q(state="deleting"), name="integration_deleting"),
        ]
        constraints = [
            # Unique over the whole tenant, org-level ones included: the documentation's rule.
            models.UniqueConstraint(fields=["tenant", "handle"], name="integration_handle_unique"),
            # Every handle of a connection begins with it.
            models.CheckConstraint(
                condition=Q(handle_prefix__regex=r"^([a-z][a-z0-9_]*)?$"), name="integration_prefix_wellformed"
            ),
            models.CheckConstraint(condition=Q(deletion_limit_percent__lte=100), name="integration_limit_is_a_share"),
        ]

    def __str__(self) -> str:
        return self.handle

    @property
    def known_selection(self) -> SelectionFacts | None:
        """What the last read says of the selection; None before there was one."""
        return SelectionFacts.from_json(self.selection_facts)

    @property
    def is_partial(self) -> bool:
        """Whether accounts are left out by choice, as far as the last sync knows."""
        known = self.known_selection
        return known is not None and known.mirrored < known.accounts


class IntegrationDelegation(Delegation):
    """A verb on an integration."""

    content_object = models.ForeignKey(Integration, **GOES_WITH)
    THERE = {"content_object__state": Integration.State.ACTIVE}
    PAGE = ("integration_delegates", "integration", "handle")


class ReadBy(models.TextChoices):
    """What has read the AWS organization where a sync applied that and did not read it again."""

    TEST = "test", "Test Discovery"
    PREVIEW = "preview", "Preview"
    QUESTION = "question", "the sync that asked"


class KnownSnapshot(models.Model):
    """What was read of the AWS organization a moment ago, for the one run that may apply it: see access.known_snapshot.

    ``fingerprint`` says with which credentials, as of a Test Discovery. ``newest_run``, the key of the integration's
    newest run but for that one, and ``event_at``, the last event from AWS, are as they stood when this was kept: where
    either is another by then, something has happened since.
    """

    integration = models.OneToOneField(
        Integration, primary_key=True, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    read_by = models.CharField(max_length=10, choices=ReadBy)
    read_at = models.DateTimeField()
    fingerprint = models.CharField(max_length=64)
    newest_run = models.BigIntegerField(null=True)
    event_at = models.DateTimeField(null=True)
    snapshot = models.BinaryField()

    objects: ClassVar[models.Manager["KnownSnapshot"]] = models.Manager()

    def __str__(self) -> str:
        return f"{self.integration_id} as read by {self.get_read_by_display()}"
