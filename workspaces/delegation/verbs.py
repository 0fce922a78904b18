"""What can be delegated, as permissions of Django's on the model of the thing that they are about."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final


class Verb(StrEnum):
    """One thing that a delegate may do. The value is the codename of a permission on one model.

    On a folder a verb holds for all that is in it and below, now and later, connections too.
    """

    VIEW_INTEGRATION = "view_integration"
    SYNC_INTEGRATION = "sync_integration"
    APPROVE_REMOVALS = "approve_removals"
    CONFIGURE_INTEGRATION = "configure_integration"
    SHARE_FOLDER = "share_folder"
    CONFIGURE_FOLDER = "configure_folder"
    SHARE_CONNECTION = "share_connection"
    CONFIGURE_CONNECTION = "configure_connection"
    USE_SCHEMAS = "use_schemas"
    MANAGE_SCHEMAS = "manage_schemas"
    VIEW_AUDIT_LOG = "view_audit_log"


# Verb → what a delegate may do, as the second half of "May …".
WORDS: Final = {
    Verb.VIEW_INTEGRATION: "see the integration, its tree and its health",
    Verb.SYNC_INTEGRATION: "sync and preview the integration, and see its processes",
    Verb.APPROVE_REMOVALS: "approve or discard what a sync would remove",
    Verb.CONFIGURE_INTEGRATION: "change the integration's settings",
    Verb.SHARE_FOLDER: "change Permissions of the folder and all below it",
    Verb.CONFIGURE_FOLDER: "change handles and options of the folder and all below it",
    Verb.SHARE_CONNECTION: "change Permissions of the connection",
    Verb.CONFIGURE_CONNECTION: "change the handle and options of the connection",
    Verb.USE_SCHEMAS: "see what the workspace uses: schemas, aggregators and search path",
    Verb.MANAGE_SCHEMAS: "add and remove schemas, and change aggregators and the search path",
    Verb.VIEW_AUDIT_LOG: "read the audit log",
}

# The verbs of each kind of thing, in the order in which they are offered.
VERBS_OF: Final = {
    "integration": (
        Verb.VIEW_INTEGRATION,
        Verb.SYNC_INTEGRATION,
        Verb.APPROVE_REMOVALS,
        Verb.CONFIGURE_INTEGRATION,
    ),
    "folder": (Verb.SHARE_FOLDER, Verb.CONFIGURE_FOLDER),
    "connection": (Verb.SHARE_CONNECTION, Verb.CONFIGURE_CONNECTION),
    "workspace": (Verb.USE_SCHEMAS, Verb.MANAGE_SCHEMAS),
    "organization": (Verb.VIEW_AUDIT_LOG,),
    "tenant": (Verb.VIEW_AUDIT_LOG,),
}

# Whoever may do the latter may see what it is done to.
_IMPLIED_BY: Final = {
    Verb.VIEW_INTEGRATION: {Verb.SYNC_INTEGRATION, Verb.APPROVE_REMOVALS, Verb.CONFIGURE_INTEGRATION},
    Verb.USE_SCHEMAS: {Verb.MANAGE_SCHEMAS},
}


def which_give(verbs: Iterable[Verb]) -> frozenset[Verb]:
    """Give the verbs of which each lets do one of these: themselves, and those that imply one."""
    wanted = frozenset(verbs)
    return wanted.union(*(_IMPLIED_BY.get(verb, ()) for verb in wanted))


def permissions_of(kind: str) -> list[tuple[str, Any]]:
    """Make the ``permissions`` of a model's Meta; what Django makes of each model by itself is left out."""
    return [(verb.value, f"Can {verb.replace('_', ' ')}") for verb in VERBS_OF[kind] if verb != f"view_{kind}"]
