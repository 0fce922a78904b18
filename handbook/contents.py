"""Which files of ``docs/`` the documentation has, in the order in which they are read, and where fields lead."""

from typing import Final

# A page's address is the name of its file, its title the first heading.
CONTENTS: Final = (
    (
        "Using Pipes",
        (
            "guide/start.md",
            "guide/places.md",
            "guide/roles.md",
            "guide/integrations.md",
            "guide/discovery.md",
            "guide/connection-settings.md",
            "guide/permissions.md",
            "guide/syncs.md",
            "guide/handles.md",
            "guide/tree.md",
            "guide/workspaces.md",
            "guide/health.md",
            "guide/events.md",
            "notifications.md",
            "guide/changing.md",
            "guide/account.md",
            "api.md",
            "guide/questions.md",
        ),
    ),
    (
        "Running an installation",
        ("operations.md", "outages.md", "iam.md", "security.md"),
    ),
)

# What a "?" explains: page and section by the label of the field, or the title, that it stands beside.
HELP_OF_FIELDS: Final = {
    "Access Mode": "discovery/access-mode",
    "Role ARN": "discovery/role-arn",
    "Access Key": "discovery/access-key",
    "Handle": "handles/what-a-handle-may-look-like",
    "Handle Prefix": "connection-settings/handle-prefix",
    "Role Name": "connection-settings/role-name",
    "What the role may read": "connection-settings/what-the-role-may-read",
    "Regions": "connection-settings/regions",
    "Default Region": "connection-settings/regions",
    "Search path prefix": "workspaces/search-path",
}
HELP_OF_TITLES: Final = {
    "External ID": "discovery/external-id",
    "Accounts to mirror": "discovery/accounts-to-mirror",
    "Connection options": "connection-settings/advanced-options",
    "Deletion Limit": "syncs/deletion-limit",
    "Schedule": "syncs/when-syncs-run",
    "Discovery Settings": "discovery/setting-up-the-role",
    "Connection Settings": "connection-settings/the-roles-in-your-accounts",
    "Permissions": "permissions/what-a-permission-covers",
    "Integrations": "integrations/where-it-begins",
    "Connections": "tree/the-marks",
    "New Connection": "tree/made-by-hand",
    "Used by": "permissions/who-uses-this",
    "Picture": "tree/the-picture",
    "Processes": "syncs/what-a-sync-does",
    "Preview": "syncs/preview",
    "Config": "changing/credentials",
    "Events": "events/why-events",
    "Notifications": "notifications/addresses-that-are-typed",
    "In use": "workspaces/adding-to-the-schema",
    "Aggregators": "workspaces/aggregators",
    "Workspaces": "places/what-a-place-has",
    "People": "roles/what-each-role-may-do",
    "Service accounts": "roles/service-accounts",
    "Delegates": "roles/delegates",
    "Add People": "roles/adding-people",
    "Audit Log": "places/activity",
    "Security": "account/security",
    "Sessions": "account/sessions",
    "Tokens": "account/tokens",
}
