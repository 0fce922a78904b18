"""The options of folders and connections: which apply to each, and where they are from. The one home of that.

What a connection has set itself wins over the nearest folder's, that over the integration's. What was made by hand is
in no integration: it begins with what an integration begins with too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connections.models import Connection, Folder
from connections.sharing import Node
from connections.tree import ids_on
from integrations.connection_options import OPTIONS
from integrations.models import Integration
from integrations.models.settings import default_options


@dataclass(frozen=True, slots=True)
class Origin:
    """One option of a node: its value, and where that is from.

    ``inherited`` is what the node would have without a value of its own: the ``folder``'s, else the ``integration``'s,
    else, with neither, what everything begins with.
    """

    name: str
    value: Any
    inherited: Any
    is_own: bool
    folder: Folder | None
    integration: Integration | None

    @property
    def label(self) -> str:
        return OPTIONS[self.name].label

    @property
    def inherited_words(self) -> str:
        return OPTIONS[self.name].words(self.inherited)


def integration_of(node: Node) -> Integration | None:
    """Find the integration that manages a node; None for one made by hand. Raises Integration.DoesNotExist."""
    if not node.is_managed:
        return None
    found = Integration.objects.select_related("tenant", "organization", "root_folder")
    return found.get(root_folder_id=node.root_id, state=Integration.State.ACTIVE)


def origins(node: Node, integration: Integration | None) -> list[Origin]:
    """Say of each option what applies to a node, and where it is from. One statement."""
    path = (node.folder.path if node.folder else "") if isinstance(node, Connection) else node.path
    above = [folder_id for folder_id in ids_on(path) if isinstance(node, Connection) or folder_id != node.pk]
    known = Folder.objects.in_bulk(above)
    folders = [known[pk] for pk in above if pk in known]
    return [_origin(name, node, folders, integration) for name in OPTIONS]


def _origin(name: str, node: Node, above: Sequence[Folder], integration: Integration | None) -> Origin:
    setter = next((folder for folder in reversed(above) if name in folder.options), None)
    inherited = setter.options[name] if setter else _start(integration)[name]
    is_own = name in node.options
    return Origin(name, node.options[name] if is_own else inherited, inherited, is_own, setter, integration)


def _start(integration: Integration | None) -> Mapping[str, Any]:
    # What was stored before an option came has none of it.
    return default_options() | (integration.options if integration else {})


def own_options(before: Sequence[Origin], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Give what has to be set on the node itself: what it has set already, and what differs from what it inherits."""
    return {one.name: wanted[one.name] for one in before if one.is_own or wanted[one.name] != one.inherited}


def effective(nodes: Collection[Connection]) -> dict[int, dict[str, Any]]:
    """Give the options that apply to each of these connections. Three statements, however many they are."""
    paths = dict(Folder.objects.filter(pk__in={node.folder_id for node in nodes}).values_list("pk", "path"))
    above = {pk for path in paths.values() for pk in ids_on(path)}
    set_on = dict(Folder.objects.filter(pk__in=above).exclude(options={}).values_list("pk", "options"))
    roots = {node.root_id for node in nodes if node.root_id}
    starts = dict(Integration.objects.filter(root_folder__in=roots).values_list("root_folder_id", "options"))
    found = {}
    for node in nodes:
        options = default_options() | starts.get(node.root_id or 0, {})
        for folder_id in ids_on(paths.get(node.folder_id or 0, "")):
            options |= set_on.get(folder_id, {})
        found[node.pk] = options | node.options
    return found


@dataclass(frozen=True, slots=True)
class OptionsChange:
    """What is to be set on nodes themselves, and what of it taken back, so that it is inherited."""

    values: Mapping[str, Any] = field(default_factory=dict)
    reset: Sequence[str] = ()

    def on(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in options.items() if name not in self.reset} | dict(self.values)
