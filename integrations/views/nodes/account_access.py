"""AWS connections made by hand: *New Connection*, and the page of its access and options."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from connections.delegation import CONFIGURE, of_node
from connections.errors import ChangedMeanwhileError
from connections.models import Connection, Folder
from connections.views.context import node_url, settings_page
from connections.views.manual_nodes import create_node
from integrations.access import findings
from integrations.access_tests import results
from integrations.aws import iac
from integrations.aws.identifiers import check_role_arn
from integrations.forms.account_access import AccountForm
from integrations.models import AccessTest, AccountAccess
from integrations.nodes import account_access
from integrations.views.nodes.connection_options import Options, options_of
from workspaces.access import Access, Power
from workspaces.scoping import posted_from, scope_view
from workspaces.web.htmx import render_page
from workspaces.wording.names import isolated

CHANGED_MEANWHILE = (
    "Somebody else changed the access of this connection since you opened this page. Reload it to see what is stored"
    " now."
)


@scope_view(Power.OWNER, with_workspace=True)
@require_http_methods(["GET", "HEAD", "POST"])
def connection_create(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a handle and a title, and make a connection; its access comes next, with the external id made by then."""

    def create(folder: Folder | None, **fields: str) -> Connection:
        return account_access.create_connection(scope=access.scope, folder=folder, by=access.user, **fields)

    return create_node(
        request,
        access,
        Connection,
        create,
        template="integrations/nodes/create_connection.html",
        next_page="access/",
        next_step="Enter how Pipes accesses its account.",
    )


@scope_view(Power.OWNER, with_workspace=True, delegates=of_node(*CONFIGURE))
@require_safe
def connection_access(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    """Show the access, to owners, and the options; the secret key stays where it is."""
    return _show(request, access, _find(access, connection))


@scope_view(Power.OWNER, with_workspace=True)
@posted_from("connection_access")
def access_save(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    """Save another role or key, and start *Test Connection* with it where that was asked for.

    A role that was found open to strangers is saved again only to be tested again: it may have been corrected since.
    """
    found = _find(access, connection)
    form = AccountForm(found, request.POST)
    is_to_be_tested = request.POST.get("do") == "test"
    if form.is_valid():
        form.keep()
        if is_to_be_tested or not form.refuse_open_role():
            try:
                account_access.change_access(
                    access=found, wanted=form.settings, seen=request.POST.get("seen", ""), by=access.user
                )
            except ChangedMeanwhileError:
                form.add_error(None, CHANGED_MEANWHILE)
            else:
                if is_to_be_tested:
                    account_access.request_connection_test(access=found, by=access.user, now=timezone.now())
                messages.success(request, f"Saved the access of {isolated(found.connection.shown)}.")
                return _back(access, found, "#test" if is_to_be_tested else "")
    return _show(request, access, found, form=form)


@scope_view(Power.OWNER, with_workspace=True, delegates=of_node(*CONFIGURE))
@posted_from("connection_access")
def options_save(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    """Save the regions and advanced options, or reset one of them to what it inherits."""
    found = _find(access, connection)
    options = _options_of(request, access, found)
    if not options.is_saved:
        return _show(request, access, found, options=options)
    messages.success(request, f"Saved the options of {isolated(found.connection.shown)}.")
    return _back(access, found)


@scope_view(Power.OWNER, with_workspace=True)
@require_http_methods(["GET", "HEAD", "POST"])
def access_rotate(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    found = _find(access, connection)
    if request.method == "POST":
        account_access.rotate_external_id(access=found, by=access.user)
        return _back(access, found)
    context = settings_page(request, access, found.connection, "Config") | {
        "page_name": "Rotate the External ID",
        "frame": "connections/node.html",
        "cancel_url": _url(access, found),
        "is_in_use": bool(found.role_arn),
    }
    return render(request, "integrations/nodes/rotate_external_id.html", context)


def _find(access: Access, pk: int) -> AccountAccess:
    node = get_object_or_404(Connection.objects.in_scope(access.scope).select_related("folder"), pk=pk)
    found = get_object_or_404(AccountAccess.objects.select_related("tenant", "organization"), connection=node)
    found.connection = node
    return found


def _url(access: Access, found: AccountAccess) -> str:
    return f"{node_url(access.scope, found.connection)}access/"


def _back(access: Access, found: AccountAccess, anchor: str = "") -> HttpResponse:
    return redirect(_url(access, found) + anchor)


def _show(
    request: HttpRequest,
    access: Access,
    found: AccountAccess,
    *,
    form: AccountForm | None = None,
    options: Options | None = None,
) -> HttpResponse:
    node, url = found.connection, _url(access, found)
    context = (
        settings_page(request, access, node, "Config")
        | _test_of(found, url)
        | {
            **(options or _options_of(request, access, found)).context,
            "form": form or AccountForm(found),
            "seen": account_access.fingerprint(found),
            "access_row": found,
            "setup": _setup(found),
            "key_setup": iac.account_key(
                user_name=f"pipes-connection-{found.uid.hex[:6]}", partition=findings.partition_of(found)
            ),
            "why_disabled": node.why_disabled,
            "url": url,
        }
    )
    return render_page(request, "integrations/nodes/account_access.html", context, parts=("report",))


def _options_of(request: HttpRequest, access: Access, found: AccountAccess) -> Options:
    url = f"{_url(access, found)}options/"
    return options_of(request, access, found.connection, None, findings.partition_of(found), url)


def _setup(found: AccountAccess) -> dict[str, str]:
    """Give what the role in the account must trust and may do; nothing where this installation has no identity."""
    served = settings.PIPES_AWS_PRINCIPALS
    partition = check_role_arn(found.role_arn).partition if found.role_arn else next(iter(served), "")
    if partition not in served:
        return {}
    external_id = found.tested_external_id
    return {
        "trust_policy": iac.trust_policy(partition=partition, principal_arn=served[partition], external_id=external_id),
        "policy_arn": iac.MemberPolicy().arn(partition),
    }


def _test_of(found: AccountAccess, url: str) -> dict[str, Any]:
    test = results.newest(found, AccessTest.Kind.ACCOUNT, now=timezone.now())
    is_about_these = test is not None and test.fingerprint == account_access.tested_fingerprint(found)
    return {"test": test, "step_url": url, "is_about_these": is_about_these}
