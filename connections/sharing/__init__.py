"""Who may use a folder or a connection; only what is in here reads and writes grants, and knows what one covers.

An audience is a scope: the tenant stands for all its organizations and their workspaces, an organization for all its
workspaces, a workspace for itself. A grant on a folder covers all below it, now and later. Grants only add. What a
workspace owns it may use without one.
"""

from connections.sharing.changes import (
    How,
    Moved,
    NodeIds,
    change_grants,
    change_reach,
    forget_lost,
    out_of_reach,
    regrant,
    set_grants,
)
from connections.sharing.grants import (
    audience_ids,
    audience_of,
    delete_grants_below,
    delete_grants_of,
    fingerprint,
    grants_on,
    inherited_grants,
)
from connections.sharing.visible import (
    ASKED_ABOUT,
    GRANTED,
    IS_GRANTED,
    IS_VISIBLE,
    VISIBLE,
    VISIBLE_IDS,
    VISIBLE_TO_SEVERAL,
    VISIBLE_TOPS,
    Granted,
    Node,
    Reach,
    Visible,
    who_may_use,
)

__all__ = [
    "ASKED_ABOUT",
    "GRANTED",
    "IS_GRANTED",
    "IS_VISIBLE",
    "VISIBLE",
    "VISIBLE_IDS",
    "VISIBLE_TOPS",
    "VISIBLE_TO_SEVERAL",
    "Granted",
    "How",
    "Moved",
    "Node",
    "NodeIds",
    "Reach",
    "Visible",
    "audience_ids",
    "audience_of",
    "change_grants",
    "change_reach",
    "delete_grants_below",
    "delete_grants_of",
    "fingerprint",
    "forget_lost",
    "grants_on",
    "inherited_grants",
    "out_of_reach",
    "regrant",
    "set_grants",
    "who_may_use",
]
