"""Settings of managed folders and connections that are about their integration: handle, options and Test Connection."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from connections.delegation import CONFIGURE, of_node
from connections.errors import ChangedMeanwhileError, HandleTakenError
from connections.models import Connection
from connections.sharing import Node
from connections.views.context import node_url, settings_page
from connections.views.manual_nodes import find_connection, find_folder
from integrations.access import findings
from integrations.access.connection_options import effective, integration_of
from integrations.access_tests import results
from integrations.forms.managed_node import NodeHandleForm
from integrations.models import AccessTest, Integration
from integrations.nodes import managed
from integrations.settings.change import UnseenImpactError
from integrations.views.nodes.connection_options import options_of
from integrations.views.nodes.page import find_node, show_handle_impact
from integrations.views.settings.config import stored_now
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.web.htmx import asks_about_field, field_status, render_page, what_to_judge
from workspaces.wording.names import isolated


@scope_view(Power.OWNER, delegates=of_node(*CONFIGURE))
@require_http_methods(["GET", "HEAD", "POST"])
def node_handle(request: HttpRequest, access: Access, **ids: int) -> HttpResponse:
    node = _find(access, **ids)
    is_reset = request.POST.get("do") == "reset"
    form = NodeHandleForm(node, None if is_reset else what_to_judge(request))
    if name := asks_about_field(request, form):
        return field_status(request, form, name)
    page = settings_page(request, access, node, "Advanced")
    if request.method == "POST" and (is_reset or form.is_valid()):
        sent = {"seen": request.POST.get("seen", ""), "seen_impact": request.POST.get("seen_impact", "")}
        try:
            if is_reset:
                saved = managed.reset_handle(node=node, integration=_managing(node), by=access.user, **sent)
            else:
                saved = managed.change_handle(node=node, by=access.user, handle=form.cleaned_data["handle"], **sent)
        except ChangedMeanwhileError as error:
            form = NodeHandleForm(node, request.POST)
            form.add_error(None, str(error))
        except HandleTakenError:
            form.add_error("handle", form.taken(form.cleaned_data["handle"]))
        except UnseenImpactError as unseen:
            return show_handle_impact(request, access, page, unseen)
        else:
            messages.success(request, f"Saved the handle {saved.handle}.")
            return redirect(request.path)
    stored = stored_now(form)
    page |= {"form": form, "seen": managed.node_fingerprint(node), "stored": stored}
    return render_page(request, "integrations/nodes/handle.html", page, parts=())


@scope_view(Power.OWNER, with_workspace=True, delegates=of_node(*CONFIGURE))
@require_http_methods(["GET", "HEAD", "POST"])
def folder_config(request: HttpRequest, access: Access, folder: int) -> HttpResponse:
    """Show and change the options of a folder, which all below it inherit, discovered or made by hand."""
    return _config(request, access, find_folder(access, folder))


@scope_view(Power.OWNER, delegates=of_node(*CONFIGURE))
@require_http_methods(["GET", "HEAD", "POST"])
def connection_config(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    """Show and change the options of a managed connection, and how its last test went."""
    return _config(request, access, _find(access, connection=connection))


@scope_view(Power.OWNER, delegates=of_node(*CONFIGURE))
@require_POST
def connection_test(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    node = find_connection(access, connection)
    managed.request_connection_test(node=node, integration=_managing(node), by=access.user, now=timezone.now())
    return redirect(f"{node_url(access.scope, node)}config/")


def _find(access: Access, **ids: int) -> Node:
    """Find a node that an integration manages; raises Http404 for any other."""
    node = find_node(access, **ids)
    if not node.is_managed:
        raise Http404
    return node


def _integration(node: Node) -> Integration | None:
    try:
        return integration_of(node)
    except Integration.DoesNotExist:
        raise Http404 from None


def _managing(node: Node) -> Integration:
    """Find the integration of a managed node; raises Http404 where it is being deleted."""
    found = _integration(node)
    if found is None:
        raise Http404
    return found


def _config(request: HttpRequest, access: Access, node: Node) -> HttpResponse:
    integration = _integration(node)
    partition = findings.partition_of(integration) if integration else findings.first_partition()
    options = options_of(request, access, node, integration, partition, request.path)
    if options.is_saved:
        messages.success(request, f"Saved the options of {isolated(node.shown)}.")
        return redirect(request.path)
    context = settings_page(request, access, node, "Config") | _test_of(node, integration, request.path)
    context |= options.context | {"integration": integration}
    return render_page(request, "integrations/nodes/config.html", context, parts=("report",))


def _test_of(node: Node, integration: Integration | None, url: str) -> dict[str, Any]:
    if not isinstance(node, Connection) or integration is None:
        return {"test": None}
    subject = managed.tested_settings(node, integration)
    test = results.newest(subject, AccessTest.Kind.CONNECTION, now=timezone.now())
    about = findings.fingerprint(subject, AccessTest.Kind.CONNECTION), effective([node])[node.pk]
    is_about_these = test is not None and (test.fingerprint, test.tried_instead.options) == about
    test_url = url.replace("/config/", "/test/")
    return {"test": test, "step_url": url, "is_about_these": is_about_these, "test_url": test_url}
