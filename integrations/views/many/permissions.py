"""Permissions of many folders and connections at once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connections.delegation import SHARE
from connections.sharing import How
from integrations.forms.many import ManyPermissionsForm
from integrations.nodes import many
from integrations.settings.change import UnseenImpactError
from integrations.views.many.confirm import ask
from integrations.views.many.selection import NothingChosenError, go_back, selection_of
from workspaces.access import Access, Power, holds
from workspaces.scoping import posted_from, scope_view

_ACTS = {How.ADD: "Share {}", How.REMOVE: "Stop sharing {}", How.SET: "Set the permissions of {}"}
_DONE = {How.ADD: "Shared {}.", How.REMOVE: "Stopped sharing {}.", How.SET: "Set the permissions of {}."}


@scope_view(Power.OWNER, delegates=holds(*SHARE))
@posted_from("connection_list")
def many_permissions(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask with whom the chosen nodes are to be shared, show what that means, and do it."""
    try:
        selection = selection_of(request, access, SHARE)
    except NothingChosenError as error:
        return go_back(request, access, error)
    form = ManyPermissionsForm(
        access.scope, request.POST if "how" in request.POST else None, number=selection.chosen.number
    )
    if not form.is_valid():
        context = {
            "form": form,
            "page_name": f"Permissions of {selection.chosen.words}",
            "values": selection.values,
            "cancel_url": selection.back_url,
            "crumbs": [("Connections", access.scope.url("connection_list"))],
        }
        return render(request, "integrations/many/permissions.html", context)
    chosen, audiences, how = selection.chosen, form.audiences(), How(form.cleaned_data["how"])
    found = many.permissions_impact(access.scope, chosen, audiences, how)
    if not found.changed.number:
        messages.info(request, f"Nothing was changed: {chosen.words} are shared like this already.")
        return redirect(selection.back_url)
    if seen := request.POST.get("seen"):
        try:
            done = many.change_permissions(
                scope=access.scope, chosen=chosen, audiences=audiences, how=how, seen=seen, by=access.user
            )
        except UnseenImpactError:
            found = many.permissions_impact(access.scope, chosen, audiences, how)
        else:
            lost = sum(len(one.removed) for one in done.workspaces)
            went = f" {lost:,} {'schema' if lost == 1 else 'schemas'} went from workspaces." if lost else ""
            messages.success(request, _DONE[how].format(done.changed.words) + went)
            return redirect(selection.back_url)
    with_whom = ", ".join(str(one) for one in audiences[:10]) or "nobody"
    more = f" and {len(audiences) - 10:,} more" if audiences[10:] else ""
    act = _ACTS[how].format(found.changed.words)
    return ask(request, access, selection, found, act=act, sentences=[f"{form.how_words}: {with_whom}{more}."])
