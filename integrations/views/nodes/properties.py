"""The first page of a connection's settings: what it is, what account is behind it, and how healthy it is."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connections.delegation import CONFIGURE, SEE, Reach, of_node
from connections.models import Connection
from connections.views.context import settings_page
from connections.views.manual_nodes import find_connection
from integrations.access import findings
from integrations.access.connection_options import integration_of
from integrations.aws.identifiers import check_role_arn, console_url, member_role_arn
from integrations.models import AccountAccess, Integration
from workspaces.access import Access, Power
from workspaces.database import at_most_one
from workspaces.scoping import scope_view


@dataclass(frozen=True, slots=True)
class Account:
    """The account behind a connection, as far as is known; ``role_arn`` is the role that Pipes assumes in it."""

    id: str = ""
    role_arn: str = ""
    is_management: bool = False
    console_url: str = ""


@scope_view(Power.OWNER, delegates=of_node(*SEE))
@require_safe
def connection_detail(request: HttpRequest, access: Access, connection: int) -> HttpResponse:
    node = find_connection(access, connection)
    context = settings_page(request, access, node, "Properties")
    context |= {
        "account": _account(node),
        "place": context["crumbs"][1:],
        "why_disabled": node.why_disabled,
        "test_url": _test_url(request, access, node),
    }
    return render(request, "connections/settings.html", context)


def _test_url(request: HttpRequest, access: Access, node: Connection) -> str:
    """Give where it is tested: of one made by hand with the form of its access, which only owners see."""
    if not node.is_managed:
        return f"{request.path}access/#test" if access.can_own else ""
    return f"{request.path}config/#test" if Reach.of(access, *CONFIGURE).has(node) else ""


def _account(node: Connection) -> Account:
    """Find the account: of a discovered connection by its integration, of one made by hand by the role that it has."""
    try:
        integration = integration_of(node)
    except Integration.DoesNotExist:  # it is being deleted
        return Account(node.source_id)
    if integration is not None:
        partition, name = findings.partition_of(integration), integration.member_role.name
        return Account(
            node.source_id,
            member_role_arn(partition, node.source_id, name) if name else "",
            node.source_id == integration.management_account_id,
            console_url(partition, node.source_id),
        )
    role_arn = at_most_one(AccountAccess.objects.filter(connection=node).values_list("role_arn", flat=True))
    if not role_arn:
        return Account()
    role = check_role_arn(role_arn)
    return Account(role.account_id, role_arn, console_url=console_url(role.partition, role.account_id))
