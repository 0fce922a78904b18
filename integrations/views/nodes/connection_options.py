"""The options on the Config page of a folder or connection: each with where it is from, saved or reset one by one."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from connections.delegation import CONFIGURE, Reach
from connections.errors import ChangedMeanwhileError
from connections.sharing import Node
from integrations.access.connection_options import origins, own_options
from integrations.connection_options import OPTIONS
from integrations.forms.connection_options import OptionsForm
from integrations.models import Integration
from integrations.nodes import managed
from workspaces.access import Access


@dataclass(frozen=True, slots=True)
class Options:
    """What a Config page shows of a node's options; ``is_saved`` that what was sent is stored now."""

    form: OptionsForm
    context: dict[str, Any]
    is_saved: bool = False


def options_of(
    request: HttpRequest, access: Access, node: Node, integration: Integration | None, partition: str, url: str
) -> Options:
    """Give the options of a node; what was sent to ``url`` is saved first, where it is valid."""
    before, reach = origins(node, integration), Reach.of(access, *CONFIGURE)
    values = {one.name: one.value for one in before}
    is_sent = request.method == "POST" and request.path == url
    is_reset = request.POST.get("reset") in OPTIONS
    form = OptionsForm(values, request.POST if is_sent and not is_reset else None, partition=partition)
    is_saved = False
    if is_sent and (is_reset or form.is_valid()):
        if is_reset:
            wanted = {name: value for name, value in node.options.items() if name != request.POST["reset"]}
        else:
            wanted = own_options(before, form.wanted)
        try:
            managed.change_options(node=node, options=wanted, seen=request.POST.get("seen", ""), by=access.user)
            is_saved = True
        except ChangedMeanwhileError as error:
            form = OptionsForm(values, request.POST, partition=partition)
            form.add_error(None, str(error))
    context = {
        "options": form,
        "options_url": url,
        "options_seen": managed.node_fingerprint(node),
        "regions_origin": next(one for one in before if one.name == "regions"),
        "advanced": [(form[one.name], one) for one in before if one.name != "regions"],
        "base": access.scope.url("connection_list"),
        "linked_folders": {one.folder.pk for one in before if one.folder and reach.has(one.folder)},
    }
    return Options(form, context, is_saved)
