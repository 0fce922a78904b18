"""What is ours in AWS, and so no customer's: found before any call, without AWS's library."""

import os
from typing import Final

from django.conf import settings

from integrations.aws.identifiers import RoleArn

_seen: Final[set[str]] = set()  # long-lived keys of our own that were used


def add_own_key(access_key_id: str | None) -> None:
    """Keep the id of an access key that signs as us; those of roles, which change by the hour, are not kept."""
    if access_key_id and access_key_id.startswith("AKIA"):
        _seen.add(access_key_id)


def why_own_role(role: RoleArn) -> str:
    """Say why a role cannot be a customer's; empty when it can."""
    ours = str(settings.PIPES_AWS_PRINCIPALS.get(role.partition, ""))
    if not ours or ours.split(":")[4] != role.account_id:
        return ""
    return (
        f"{role} is in the AWS account of this installation itself, which is nobody's to connect to."
        " Enter a role of your own account."
    )


def why_own_key(access_key_id: str) -> str:
    """Say why an access key cannot be a customer's; empty when it can."""
    if access_key_id not in _seen and access_key_id != os.environ.get("AWS_ACCESS_KEY_ID"):
        return ""
    return "This access key is that of this installation itself. Enter one of a user of your own account."
