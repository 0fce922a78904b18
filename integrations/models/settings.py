"""What is configured about one link to an AWS organization, whether it exists already or is still a draft."""

import uuid
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from django.db import models

from integrations.connection_options import OPTIONS
from integrations.planning.selection import Selection
from workspaces.access import Scope
from workspaces.handles import PlaceHandleField
from workspaces.models import Organization, Tenant
from workspaces.models.sealed_text import SealedTextField


class AccessMode(models.TextChoices):
    """How discovery signs in to AWS."""

    ROLE = "role", "Cross-Account Role"
    KEY = "key", "Access Key"


def default_options() -> dict[str, Any]:
    return {name: copy(one.default) for name, one in OPTIONS.items()}


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
        return Scope(self.tenant, self.organization)


@dataclass(frozen=True, slots=True)
class MemberRole:
    """The role in each account: its name, empty until one was entered, and the external id that it must require."""

    name: str
    external_id: str

    @property
    def name_or_default(self) -> str:
        """What files and pages call it."""
        return self.name or "pipes-connection"


class ConnectionSettings(models.Model):
    """What all connections of an integration begin with: the Connection Settings.

    The role's name names the integration, so that two of them do not take each other's role, and stays when its handle
    changes; empty in what is older than that. ``member_policy`` is what files give the role to read by: the name of a
    policy of AWS's, with its path, or the ARN of another one; empty for the one that everybody begins with.
    """

    handle_prefix = models.CharField(max_length=40, blank=True)
    role_name = models.CharField(max_length=64, blank=True)
    member_policy = models.CharField(max_length=700, blank=True, default="", db_default="")
    connection_external_id = models.CharField(max_length=60, editable=False)
    options = models.JSONField(default=default_options)

    class Meta:
        abstract = True

    @property
    def member_role(self) -> MemberRole:
        return MemberRole(self.role_name, self.connection_external_id)

    @member_role.setter
    def member_role(self, role: MemberRole) -> None:
        self.role_name, self.connection_external_id = role.name, role.external_id


# The columns of the role in each account, and what people enter of the Connection Settings.
MEMBER_ROLE_FIELDS: Final = ("role_name", "connection_external_id")
CONNECTION_FIELDS: Final = tuple(field.name for field in ConnectionSettings._meta.local_fields if field.editable)


class IntegrationSettings(AccessSettings, ConnectionSettings):
    """The configured part of an integration; a draft has the same fields, and its ``uid`` becomes the integration's.

    ``selection`` is which part of the AWS organization is mirrored, as ``chosen`` reads it. The name of the role for
    discovery is what files carry; it stays as that of the role in each account does.
    """

    discovery_role_name = models.CharField(max_length=64, blank=True, default="", db_default="")
    selection = models.JSONField(default=default_selection)

    class Meta:
        abstract = True

    @property
    def chosen(self) -> Selection:
        """Which part of the AWS organization is mirrored."""
        return Selection.of(self.selection)


SETTINGS_FIELDS: Final = tuple(field.name for field in IntegrationSettings._meta.local_fields)


class NamedSettings(IntegrationSettings):
    """Settings with a handle: an integration's, or a draft's.

    ``partition`` is the AWS partition that the last sync signed in to, or that was chosen for the templates while no
    role ARN has it; where there is neither it is empty.
    """

    handle = PlaceHandleField()
    partition = models.CharField(max_length=20, blank=True)

    class Meta:
        abstract = True
