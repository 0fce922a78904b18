"""What is configured about one link to an AWS organization, whether it exists already or is still a draft."""

import uuid
from typing import Any

from django.db import models

from workspaces.access import Scope
from workspaces.models import Organization, Tenant
from workspaces.models.sealed_text import SealedTextField


class AccessMode(models.TextChoices):
    """How discovery signs in to AWS."""

    ROLE = "role", "Cross-Account Role"
    KEY = "key", "Access Key"


def default_options() -> dict[str, Any]:
    """Give the connection options that an integration starts with; the figures are Steampipe's own defaults."""
    return {
        "regions": ["*"],
        "default_region": "",
        "max_error_retry_attempts": 9,
        "min_error_retry_delay": 25,
        "ignore_error_codes": [],
    }


def default_selection() -> dict[str, list[str]]:
    """Give what an integration mirrors unless somebody chooses: the root is ticked, and so is all below it."""
    return {"include": ["root"], "exclude": []}


class AccessSettings(models.Model):
    """How to sign in to AWS: by a role, with an external id that we made, or by an access key."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    access_mode = models.CharField(max_length=10, choices=AccessMode, default=AccessMode.ROLE)
    role_arn = models.CharField(max_length=2048, blank=True)
    discovery_external_id = models.CharField(max_length=60, editable=False)
    access_key_id = models.CharField(max_length=128, blank=True)
    sealed_secret_key = SealedTextField(
        kind="integration", blank=True, remedy="Enter it again in the integration's Config."
    )
    secret_key: str  # the secret access key in the clear: for calling AWS, never for a page

    class Meta:
        abstract = True

    @property
    def scope(self) -> Scope:
        """The tenant or organization that this belongs to."""
        return Scope(self.tenant, self.organization)


class IntegrationSettings(AccessSettings):
    """The configured part of an integration; a draft has the same fields, and its ``uid`` becomes the integration's.

    ``selection`` is which part of the AWS organization is mirrored, as selection.Selection keeps it. The names of roles
    are what files carry: they name the integration, so that two of them do not take each other's, and stay when its
    handle changes; empty in what is older than that.
    """

    handle_prefix = models.CharField(max_length=40, blank=True)
    role_name = models.CharField(max_length=64, blank=True)
    discovery_role_name = models.CharField(max_length=64, blank=True, default="", db_default="")
    connection_external_id = models.CharField(max_length=60, editable=False)
    options = models.JSONField(default=default_options)
    selection = models.JSONField(default=default_selection)

    class Meta:
        abstract = True


SETTINGS_FIELDS = tuple(field.name for field in IntegrationSettings._meta.local_fields)
