"""Integrations and sync runs get ids for programs, and know who made and changed them.

What a sync finds out about an integration is no change of it, nor are external ids that a test has proved.
"""

from django.db import migrations

from workspaces.migrations._versioned import public_ids, versioned

_SETTINGS = (
    "handle",
    "access_mode",
    "role_arn",
    "access_key_id",
    "sealed_secret_key",
    "handle_prefix",
    "role_name",
    "member_policy",
    "options",
    "discovery_role_name",
    "selection",
    "deletion_limit_percent",
    "deletion_limit_count",
    "state",
)


class Migration(migrations.Migration):
    atomic = False  # no table is locked while rows of it are written
    dependencies = [("integrations", "0036_known_snapshot"), ("workspaces", "0013_versions")]

    operations = [
        *public_ids("integration", "integrations_integration", "i"),
        *public_ids("syncrun", "integrations_syncrun", "p"),
        *versioned("integration", "integrations_integration", _SETTINGS, has=("version",)),
        *versioned("syncrun", "integrations_syncrun", ("state",)),
    ]
