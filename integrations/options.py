"""The options of managed folders and connections: what they inherit, from where, and what is set on themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connections.models import Connection, Folder
from connections.sharing import Node
from connections.tree import ids_on
from integrations.models import Integration

LABELS = {
    "regions": "Regions",
    "default_region": "Default Region",
    "max_error_retry_attempts": "Max Retry Attempts",
    "min_error_retry_delay": "Min Error Retry Delay",
    "ignore_error_codes": "Ignore Error Codes",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """One option of a node: its value, and where that is from; no folder: from the integration itself.

    ``inherited`` is what the node would have without a value of its own.
    """

    name: str
    value: Any
    inherited: Any
    is_own: bool
    folder: Folder | None

    @property
    def label(self) -> str:
        """What pages call it."""
        return LABELS[self.name]


def integration_of(node: Node) -> Integration:
    """Find the integration that manages a node; raises Integration.DoesNotExist."""
    found = Integration.objects.select_related("tenant", "organization", "root_folder")
    return found.get(root_folder_id=node.root_id, state=Integration.State.ACTIVE)


def origins(node: Node, integration: Integration) -> list[Origin]:
    """Say of each option what applies to a node, and from where it is; the nearest folder wins. One statement."""
    path = (node.folder.path if node.folder else "") if isinstance(node, Connection) else node.path
    above = [folder_id for folder_id in ids_on(path) if isinstance(node, Connection) or folder_id != node.pk]
    known = Folder.objects.in_bulk(above)
    return [_origin(name, node, [known[pk] for pk in above], integration.options) for name in LABELS]


def _origin(name: str, node: Node, above: Sequence[Folder], defaults: Mapping[str, Any]) -> Origin:
    setter = next((folder for folder in reversed(above) if name in folder.options), None)
    inherited = setter.options[name] if setter else defaults[name]
    is_own = name in node.options
    return Origin(name, node.options[name] if is_own else inherited, inherited, is_own, setter)


def own_options(before: Sequence[Origin], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Give what has to be set on the node itself: what it has set already, and what differs from what it inherits."""
    return {one.name: wanted[one.name] for one in before if one.is_own or wanted[one.name] != one.inherited}
