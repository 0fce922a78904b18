"""What delegates may open and change of folders and connections, and of what workspaces use: rules, and lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from connections.models import Connection, Folder
from connections.models.node import Node
from connections.tree import Cover
from connections.tree_listing import Listing
from workspaces.access import Access, Rule, holds
from workspaces.database import at_most_one
from workspaces.delegation.verbs import Verb

SHARE = (Verb.SHARE_FOLDER, Verb.SHARE_CONNECTION)
CONFIGURE = (Verb.CONFIGURE_FOLDER, Verb.CONFIGURE_CONNECTION)
SEE = (*SHARE, *CONFIGURE)
USE, MANAGE = holds(Verb.USE_SCHEMAS), holds(Verb.MANAGE_SCHEMAS)


@dataclass(frozen=True, slots=True)
class Reach:
    """The nodes of a scope to which somebody may do something: all, or those in some folders and some by themselves.

    It is known without a statement beside the one that reads what they hold, and lists are narrowed by it in theirs.
    """

    is_all: bool
    cover: Cover
    single: Sequence[int] = ()

    @classmethod
    def of(cls, access: Access, *verbs: Verb) -> "Reach":
        if access.can_own:
            return cls(True, Cover(()))
        if access.scope.workspace:  # of what a workspace owns nothing is delegated
            return cls(False, Cover(()))
        held = access.held_here.that_give(*verbs)
        return cls(False, Cover(held.paths), [one.key for one in held if one.kind == "connection"])

    def __bool__(self) -> bool:
        return self.is_all or bool(self.cover.paths or self.single)

    def has(self, node: Node) -> bool:
        """Whether it has this node of the scope."""
        if isinstance(node, Folder):
            return self.has_folder(node.path)
        above: str = getattr(node, "path_above", "")
        return self.is_all or node.pk in self.single or (bool(above) and self.cover.has(above))

    def has_folder(self, path: str) -> bool:
        return self.is_all or (bool(self.cover.paths) and self.cover.has(path))

    def narrow(self, listing: Listing) -> Listing:
        """Leave out of a list of the scope what it does not have."""
        if self.is_all:
            return listing
        return listing.among(self.cover.folders, self._connections)

    def folders(self, rows: QuerySet[Folder]) -> QuerySet[Folder]:
        """Leave out of folders of the scope those that it does not have."""
        return rows if self.is_all else rows.filter(self.cover.folders)

    def connections(self, rows: QuerySet[Connection]) -> QuerySet[Connection]:
        """Leave out of connections of the scope those that it does not have."""
        return rows if self.is_all else rows.filter(self._connections)

    @property
    def _connections(self) -> Q:
        return Q(pk__in=self.single) | self.cover.connections()

    def tops(self, folders: QuerySet[Folder], connections: QuerySet[Connection]) -> Listing:
        """List where the tree begins for them: folders that are in none of the others, and connections in none."""
        alone = connections.filter(pk__in=self.single).exclude(self.cover.connections())
        return Listing(folders.filter(pk__in=self.cover.ids), alone)


def of_node(*verbs: Verb) -> Rule:
    """Make the rule for what is about one node, which the URL names by ``folder`` or ``connection``, its key."""

    def rule(access: Access, arguments: Mapping[str, Any]) -> bool:
        reach = Reach.of(access, *verbs)
        if not reach:
            return False
        model: Any = Folder if "folder" in arguments else Connection
        nodes = model.objects.in_scope(access.scope).select_related(*([] if model is Folder else ["folder"]))
        node = at_most_one(nodes.filter(pk=arguments[model.kind]))
        return node is not None and reach.has(node)

    return rule


def may_manage(access: Access) -> bool:
    """Whether this person may change what the workspace of the scope uses: schemas, aggregators and search path."""
    return access.can(Verb.MANAGE_SCHEMAS, access.scope.place)


def check_manage(access: Access) -> None:
    """Raise PermissionDenied with the reason, where they may not."""
    access.check_verb(Verb.MANAGE_SCHEMAS, access.scope.place)
