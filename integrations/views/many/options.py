"""Options of many folders and connections at once, and testing many connections."""

from typing import Final

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connections.delegation import CONFIGURE
from connections.models import Connection, Folder
from connections.search.chosen import Chosen
from integrations.access import findings
from integrations.forms.many import ManyOptionsForm
from integrations.models import Integration
from integrations.nodes import many_options
from integrations.nodes.many import Impact
from integrations.settings.change import UnseenImpactError
from integrations.views.many.confirm import ask
from integrations.views.many.selection import NothingChosenError, go_back, selection_of
from workspaces.access import Access, Power, Scope, holds
from workspaces.scoping import posted_from, scope_view

_OF_ONE_PARTITION: Final = (
    "Nothing was changed: these are in several partitions of AWS ({}), whose regions differ. Choose those of one."
)


@scope_view(Power.OWNER, delegates=holds(*CONFIGURE))
@posted_from("connection_list")
def many_options_view(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask which options are to be set or taken back, say which nodes that changes, and do it."""
    try:
        selection = selection_of(request, access, CONFIGURE)
    except NothingChosenError as error:
        return go_back(request, access, error)
    chosen = selection.chosen
    partition, *others = _partitions(access.scope, chosen)
    if others:
        messages.error(request, _OF_ONE_PARTITION.format(", ".join([partition, *others])))
        return redirect(selection.back_url)
    form = ManyOptionsForm(request.POST if "do_regions" in request.POST else None, partition=partition)
    if not form.is_valid():
        context = {
            "form": form,
            "page_name": f"Options of {chosen.words}",
            "values": selection.values,
            "cancel_url": selection.back_url,
            "crumbs": [("Connections", access.scope.url("connection_list"))],
        }
        return render(request, "integrations/many/options.html", context)
    change = form.change
    found = many_options.options_impact(chosen, change)
    if not found.changed.number:
        messages.info(request, f"Nothing was changed: {chosen.words} have these options already.")
        return redirect(selection.back_url)
    if seen := request.POST.get("seen"):
        try:
            done = many_options.change_options(
                scope=access.scope, chosen=chosen, change=change, seen=seen, by=access.user
            )
        except UnseenImpactError:
            found = many_options.options_impact(chosen, change)
        else:
            messages.success(request, f"Changed the options of {done.changed.words}.")
            return redirect(selection.back_url)
    sentences = [*form.words, "No schema goes or comes. Connections in these folders inherit what is set on them."]
    act = f"Change the options of {found.changed.words}"
    return ask(request, access, selection, found, act=act, sentences=sentences)


@scope_view(Power.OWNER, delegates=holds(*CONFIGURE))
@posted_from("connection_list")
def many_test(request: HttpRequest, access: Access) -> HttpResponse:
    """Say how many connections would be tested, and have them tested."""
    try:
        selection = selection_of(request, access, CONFIGURE)
    except NothingChosenError as error:
        return go_back(request, access, error)
    tests = many_options.tests_of(selection.chosen)
    number = len(tests.ids)
    words = f"{number:,} connection{'' if number == 1 else 's'}"
    if not number:
        messages.info(request, "Nothing was tested: what is disabled is not, and nothing else was chosen.")
        return redirect(selection.back_url)
    if request.POST.get("seen") == tests.fingerprint:
        many_options.request_tests(scope=access.scope, chosen=selection.chosen, by=access.user)
        messages.success(request, f"{words} are tested now. Reload the page in a moment to see the result.")
        return redirect(selection.back_url)
    off = tests.disabled
    left_out = [f"{off:,} of them {'is' if off == 1 else 'are'} disabled and not tested."] if off else []
    found = Impact(selection.chosen, (), tests.fingerprint, left_out)
    sentences = ["Pipes tries to access the account of each, as it does once a day. Nothing is changed by it."]
    return ask(request, access, selection, found, act=f"Test {words}", sentences=sentences)


def _partitions(scope: Scope, chosen: Chosen) -> list[str]:
    """Give the partitions in which these nodes are; the first one that is served, where none is known."""
    folders = Folder.objects.filter(pk__in=chosen.ids.folders).values("root")
    connections = Connection.objects.filter(pk__in=chosen.ids.connections).values("root")
    mirrors = Integration.objects.in_scope(scope).filter(Q(root_folder__in=folders) | Q(root_folder__in=connections))
    found = {findings.partition_of(one) for one in mirrors.order_by("pk")}
    return sorted(found) or [findings.first_partition()]
