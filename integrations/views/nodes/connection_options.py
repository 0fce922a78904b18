"""The options on the Config page of a folder or connection: each with where it is from, saved or reset one by one."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from connections.errors import ChangedMeanwhileError
from connections.sharing import Node
from integrations.access.connection_options import LABELS, origins, own_options
from integrations.forms.connection_options import OptionsForm
from integrations.models import Draft, Integration
from integrations.nodes import managed
from workspaces.access import Access


@dataclass(frozen=True, slots=True)
class Options:
    """What a Config page shows of a node's options; ``is_saved`` tells that what was sent is stored now."""

    form: OptionsForm
    context: dict[str, Any]
    is_saved: bool = False


def options_of(
    request: HttpRequest, access: Access, node: Node, integration: Integration | None, copy: Draft, url: str
) -> Options:
    """Give the options of a node; what was sent to ``url`` is saved first, where it is valid.

    ``copy`` is a copy of the settings that the node is used with, which tell the AWS partition; it is edited.
    """
    before = origins(node, integration)
    copy.options = {one.name: one.value for one in before}
    is_sent = request.method == "POST" and request.path == url
    is_reset = request.POST.get("reset") in LABELS
    form = OptionsForm(copy, request.POST if is_sent and not is_reset else None)
    is_saved = False
    if is_sent and (is_reset or form.is_valid()):
        if is_reset:
            wanted = {name: value for name, value in node.options.items() if name != request.POST["reset"]}
        else:
            form.keep()
            wanted = own_options(before, copy.options)
        try:
            managed.change_options(node=node, options=wanted, seen=request.POST.get("seen", ""), by=access.user)
            is_saved = True
        except ChangedMeanwhileError as error:
            form = OptionsForm(copy, request.POST)
            form.add_error(None, str(error))
    context = {
        "options": form,
        "options_url": url,
        "options_seen": managed.spell(node),
        "origins": {one.name: one for one in before},
        "base": access.scope.url("connection_list"),
    }
    return Options(form, context, is_saved)
