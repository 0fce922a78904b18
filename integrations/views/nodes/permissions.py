"""Permissions of folders and connections: who may use them, and from where; and what others mean to workspaces."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connections import sharing
from connections.delegation import SHARE, Reach, of_node
from connections.errors import ChangedMeanwhileError
from connections.forms.permissions import PermissionsForm
from connections.models import Connection, Folder, Grant
from connections.retention import GRACE
from connections.views.context import settings_page
from integrations.delegation import split_impacts
from integrations.nodes import managed
from integrations.planning.workspace_impact import WorkspaceImpact
from integrations.settings.change import UnseenImpactError
from integrations.views.nodes.page import find_node, show_node_impact
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.wording.durations import duration_in_words
from workspaces.wording.names import isolated

CHANGED_MEANWHILE = (
    "Somebody else changed these permissions since you opened this page. Who may use it now is shown below;"
    " save again to replace it with what you selected."
)


@dataclass(frozen=True, slots=True)
class Audience:
    """Somebody who may use a node, and the folder from which that comes; no origin for a grant on the node itself."""

    words: str
    origin: str = ""
    url: str = ""


@scope_view(Power.OWNER, delegates=of_node(*SHARE))
def node_permissions(request: HttpRequest, access: Access, **ids: int) -> HttpResponse:
    node, scope = find_node(access, **ids), access.scope
    own, inherited = sharing.grants_on(node), sharing.inherited_grants(node)
    form = PermissionsForm(scope, own, inherited, request.POST if request.method == "POST" else None)
    context = settings_page(request, access, node, "Permissions") | {"grace": GRACE}
    if request.method == "POST" and form.is_valid():
        sent = {"seen": form.cleaned_data["seen"], "seen_impact": request.POST.get("seen_impact", "")}
        try:
            done = managed.change_permissions(node=node, audiences=form.audiences(), by=access.user, **sent)
        except (Folder.DoesNotExist, Connection.DoesNotExist):
            raise Http404 from None
        except ChangedMeanwhileError:
            form.add_error(None, CHANGED_MEANWHILE)
            form.data = data = request.POST.copy()
            data["seen"] = sharing.fingerprint(own)
        except UnseenImpactError as unseen:
            count = len(unseen.impacts)
            lead = (
                f"With these permissions {count:,} workspace{' is' if count == 1 else 's are'} affected. What goes"
                f" comes back as it was when it is granted again within {duration_in_words(GRACE)}."
            )
            revoked = sum(one.is_loss for one in unseen.impacts)
            act = f"Revoke from {revoked:,} workspace{'' if revoked == 1 else 's'}"
            return show_node_impact(request, access, context, unseen, lead=lead, act=act)
        else:
            messages.success(request, f"Saved the permissions of {isolated(node.shown)}.{_what_happened(access, done)}")
            return redirect(request.path)
    base = scope.url("connection_list")
    reach = Reach.of(access, *SHARE)
    audiences = [_inherited(grant, base, reach) for grant in inherited] + [Audience(_words(grant)) for grant in own]
    return render(request, "integrations/nodes/permissions.html", context | {"form": form, "audiences": audiences})


def _what_happened(access: Access, done: Sequence[WorkspaceImpact]) -> str:
    """Say which workspaces lost how many schemas, which have them back, and which of these lost their name.

    Of those that this person may not enter, only how many there are.
    """
    impacts, hidden = split_impacts(access, done)
    names = {one.name: one.name.partition("/")[2] if access.scope.organization else one.name for one in impacts}
    went = [f"{len(one.removed):,} from {names[one.name]}" for one in impacts if one.removed]
    came = [f"{len(one.added):,} in {names[one.name]}" for one in impacts if one.added]
    sentences = [f" Removed from schemas: {', '.join(went)}."] if went else []
    sentences += [f" Back in schemas: {', '.join(came)}."] if came else []
    sentences += [
        f" In {names[one.name]} another schema is called {', '.join(one.conflicts)} by now and keeps that name: give"
        " one of the two another handle."
        for one in impacts
        if one.conflicts
    ]
    if hidden:
        are = "workspace that you may not enter is" if len(hidden) == 1 else "workspaces that you may not enter are"
        sentences.append(f" {len(hidden):,} {are} affected.")
    return "".join(sentences)


def _inherited(grant: Grant, base: str, reach: Reach) -> Audience:
    if grant.folder is None:
        return Audience(_words(grant))
    leads = reach.has_folder(grant.folder.path)
    return Audience(_words(grant), grant.folder.shown, f"{base}folders/{grant.folder_id}/permissions/" if leads else "")


def _words(grant: Grant) -> str:
    if grant.workspace:
        return f"{grant.organization}/{grant.workspace}"
    if grant.organization:
        return f"All workspaces of {grant.organization}"
    return f"All organizations of {grant.tenant} and their workspaces"
