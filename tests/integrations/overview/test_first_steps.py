"""What comes next is in sight: the first steps of a place, and what follows the first sync of an integration."""

import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections import sharing
from connections.models import Schema
from tests import factories
from tests.conftest import Cast
from tests.integrations.in_use import text_of
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Organization, Role

HOME = "/tenants/acme/orgs/ops/"


def page(client: Client, url: str = HOME) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def links(html: str) -> dict[str, tuple[bool, str]]:
    """The steps that a page lists: whether each is done, and where it leads."""
    _, _, part = html.partition('aria-labelledby="first-steps"')
    found = re.findall(r"<li.*?(Done|To do):.*?<(?:a href=\"([^\"]*)\"|strong)>([^<]*)<", part, re.DOTALL)
    return {name: (state == "Done", url) for state, url, name in found}


def test_the_first_steps_of_an_organization_say_what_is_done_until_all_is(cast: Cast, as_tenant_owner: Client) -> None:
    ops = Scope(cast.acme, cast.ops)
    at_pager = Scope(cast.acme, cast.ops, cast.pager)
    assert links(page(as_tenant_owner)) == {
        "Connect AWS": (False, f"{HOME}integrations/new/"),
        "Share it": (False, ""),
        "Add to a schema": (False, ""),
        "Invite somebody": (False, f"{HOME}people/add/"),
    }
    with isolation.as_tenant(cast.acme.pk):
        awsi = factories.integration(ops, "awsi", by=cast.tenant_owner)
        factories.finished_run(awsi)
        web = factories.connection(ops, "web", folder=awsi.root_folder)
    share_url = f"{HOME}connections/folders/{awsi.root_folder_id}/permissions/"
    found = links(page(as_tenant_owner))
    assert found["Connect AWS"] == (True, f"{HOME}integrations/awsi/")
    assert found["Share it"] == (False, share_url)
    own = page(as_tenant_owner, f"{HOME}integrations/awsi/")
    assert f'<a href="{share_url}">Next: share it</a>' in own
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(awsi.root_folder, [ops])
    assert links(page(as_tenant_owner))["Add to a schema"] == (False, f"{HOME}workspaces/pager/connections/")
    add_url = f"{HOME}workspaces/pager/connections/folders/{awsi.root_folder_id}/"
    own = page(as_tenant_owner, f"{HOME}integrations/awsi/")
    assert f'<a href="{add_url}">Next: add to a workspace</a>' in own
    assert "Add to schema" in page(as_tenant_owner, add_url)
    with isolation.as_tenant(cast.acme.pk):
        Schema.objects.create(**at_pager.keys, connection=web)
    assert [done for done, _ in links(page(as_tenant_owner)).values()] == [True, True, True, False]
    assert "Next:" not in page(as_tenant_owner, f"{HOME}integrations/awsi/")
    with isolation.as_tenant(cast.acme.pk):
        factories.member(ops, cast.org_member, Role.MEMBER)
    assert "First steps" not in page(as_tenant_owner)


def test_owners_see_them_and_put_them_away_for_all(cast: Cast, client: Client) -> None:
    client.force_login(cast.org_member)
    assert "First steps" not in page(client, "/tenants/acme/orgs/tnt/")
    client.force_login(cast.tenant_owner)
    assert "Connect AWS" in links(page(client, "/tenants/acme/settings/"))
    answer = client.post(f"{HOME}first-steps/hide/", {"next": HOME})
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    assert "First steps" not in page(client)
    with CaptureQueriesContext(connection) as captured:
        page(client)
    assert not any("connections_schema" in query["sql"] for query in captured)
    assert "Connect AWS" in links(page(client, "/tenants/acme/settings/"))
    client.post("/tenants/acme/first-steps/hide/")
    assert "First steps" not in page(client, "/tenants/acme/settings/")
    with isolation.as_tenant(cast.acme.pk):
        recorded = list(AuditEvent.objects.order_by("-pk").values_list("action", flat=True)[:2])
    assert recorded == ["tenant.first_steps_hidden", "organization.first_steps_hidden"]
    assert "put away the first steps of the organization ops" in text_of(page(client, f"{HOME}activity/"))


def test_a_plan_without_integrations_has_no_such_steps(cast: Cast, client: Client) -> None:
    client.force_login(cast.stranger)  # on Team: its organizations have integrations, the tenant has none
    assert "First steps" in page(client, "/tenants/globex/orgs/main/")
    assert "First steps" not in page(client, "/tenants/globex/")


def test_what_the_tenant_shares_with_an_organization_counts_there(cast: Cast, as_tenant_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Organization.objects.filter(pk=cast.tnt.pk).update(first_steps_hidden_at=None)
        above = factories.integration(cast.at_tenant, "above", by=cast.tenant_owner)
        sharing.set_grants(above.root_folder, [Scope(cast.acme, cast.tnt)])
    found = links(page(as_tenant_owner, "/tenants/acme/orgs/tnt/"))
    assert (found["Connect AWS"][0], found["Share it"]) == (True, (True, ""))
    assert found["Add to a schema"] == (False, "/tenants/acme/orgs/tnt/")  # there are two workspaces
    assert links(page(as_tenant_owner))["Connect AWS"][0] is False
