"""What those are told who may not open a page; who may is in tests/architecture/test_permissions_table.py."""

from django.test import Client

from tests.conftest import Cast
from workspaces.access import Scope


def test_a_reader_cannot_change_the_workspace_by_posting(cast: Cast, client: Client) -> None:
    client.force_login(cast.reader)
    response = client.post(cast.at_workspace.url("workspace_advanced"), {"handle": "mine", "name": "Mine"})
    assert response.status_code == 403
    assert "You need to be an owner of acme/tnt/fireworks" in response.content.decode()


def test_a_place_of_another_tenant_is_not_found_under_ones_own(cast: Cast, as_tenant_owner: Client) -> None:
    assert as_tenant_owner.get("/tenants/acme/orgs/main/").status_code == 404
    assert as_tenant_owner.get("/tenants/globex/orgs/main/").status_code == 404


def test_a_team_tenant_has_no_settings_and_says_why(cast: Cast, client: Client) -> None:
    client.force_login(cast.stranger)
    response = client.get(Scope(cast.globex).url("tenant_settings"))
    assert response.status_code == 403
    assert "Tenant Settings need the Enterprise plan; globex is on Team." in response.content.decode()


def test_a_missing_page_says_so_in_the_frame(cast: Cast, as_tenant_owner: Client) -> None:
    response = as_tenant_owner.get("/tenants/nowhere/")
    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
