"""Folders, connections and what is set up with them get ids for programs, and know who made and changed them.

What tests of access find is no change of a connection; nor is the path of a folder, which changes with those above it.
"""

from django.db import migrations

from workspaces.migrations._versioned import public_ids, versioned

_NODE = (
    "organization_id",
    "workspace_id",
    "handle",
    "is_handle_static",
    "title",
    "is_managed",
    "source_id",
    "root_id",
    "options",
    "removed_at",
)


class Migration(migrations.Migration):
    atomic = False  # no table is locked while rows of it are written
    dependencies = [("connections", "0015_tallied"), ("workspaces", "0013_versions")]

    operations = [
        *public_ids("folder", "connections_folder", "c"),
        *public_ids("connection", "connections_connection", "c"),
        *public_ids("grant", "connections_grant", "perm"),
        *public_ids("schema", "connections_schema", "s"),
        *public_ids("aggregator", "connections_aggregator", "agg"),
        *versioned("folder", "connections_folder", (*_NODE, "parent_id", "managed_by")),
        *versioned("connection", "connections_connection", (*_NODE, "folder_id", "plugin", "state")),
        *versioned("grant", "connections_grant", ("organization_id", "workspace_id")),
        *versioned("schema", "connections_schema", ("lost_at", "returned_at")),
        *versioned("aggregator", "connections_aggregator", ("handle", "patterns")),
    ]
