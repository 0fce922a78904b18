"""What delegates of single folders and connections may open: the rules of pages and of routes."""

from collections.abc import Mapping
from typing import Any

from connections.models import Connection, Folder
from connections.models.node import Node
from connections.tree import Cover
from workspaces.access import Access, Rule
from workspaces.delegation.held import Holdings
from workspaces.delegation.verbs import Verb

SHARE = (Verb.SHARE_FOLDER, Verb.SHARE_CONNECTION)
CONFIGURE = (Verb.CONFIGURE_FOLDER, Verb.CONFIGURE_CONNECTION)
SEE = (*SHARE, *CONFIGURE)


def of_node(*verbs: Verb) -> Rule:
    """Make the rule for what is about one node, which the URL names by ``folder`` or ``connection``, its key."""

    def rule(access: Access, arguments: Mapping[str, Any]) -> bool:
        held = access.held_here.that_give(*verbs)
        if not held:
            return False
        model: Any = Folder if "folder" in arguments else Connection
        nodes = model.objects.in_scope(access.scope).select_related(*([] if model is Folder else ["folder"]))
        node = nodes.filter(pk=arguments[model.kind]).first()
        return node is not None and bool(held.on(node))

    return rule


def can(access: Access, node: Node, *verbs: Verb) -> bool:
    """Whether this person may do one of these to a node of the scope: as an owner, or because it was delegated."""
    return access.can_own or bool(access.held_here.that_give(*verbs).on(node))


def cover(held: Holdings) -> Cover:
    """Give all folders that are covered by what somebody holds."""
    return Cover(held.paths())
