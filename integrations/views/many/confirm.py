"""The one page that asks whether an act on many nodes is to be done, with what it means to workspaces."""

from collections.abc import Mapping, Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from integrations.nodes.many import Impact
from integrations.views.many.selection import Selection
from integrations.views.workspace_impact import lines_for
from workspaces.access import Access

_SENT_ANEW = ("csrfmiddlewaretoken", "seen", "folder", "connection", "all", "filter", "below", "next")


def ask(
    request: HttpRequest,
    access: Access,
    selection: Selection,
    found: Impact,
    *,
    act: str,
    sentences: Sequence[str],
) -> HttpResponse:
    """Show what the act means; ``act`` names it with its number, as its button does, ``sentences`` say more of it."""
    form = [(name, value) for name in request.POST for value in request.POST.getlist(name) if name not in _SENT_ANEW]
    broken = sum(one.is_loss for one in found.workspaces)
    context: Mapping[str, object] = {
        "page_name": act,
        "act": act,
        "crumbs": [("Connections", access.scope.url("connection_list"))],
        "sentences": [*sentences, *found.left_out],
        "nodes": [one.label for one in found.changed.nodes[:10]],
        "more": max(0, found.changed.number - 10),
        "broken": broken,
        "is_loss": found.is_loss,
        "is_other": bool(request.POST.get("seen")),
        "affected": len(found.workspaces),
        **lines_for(access, found.workspaces),
        "values": [*selection.values, *form],
        "seen": found.fingerprint,
        "cancel_url": selection.back_url,
    }
    return render(request, "integrations/many/confirm.html", dict(context))
