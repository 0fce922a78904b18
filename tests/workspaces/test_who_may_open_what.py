"""Every page of people and places, and what each person gets there."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from workspaces.access import Scope

# Rows: URL name, the scope it is opened in, and the status for each person of the cast in this order.
PEOPLE = (
    "tenant_owner",
    "tenant_member",
    "org_owner",
    "org_member",
    "workspace_owner",
    "operator",
    "reader",
    "stranger",
)
TABLE = """
home                   -          302 302 302 302 302 302 302 302
profile                -          200 200 200 200 200 200 200 200
switch_tenant          -          200 200 200 200 200 200 200 200
tenant_home            tenant     200 200 200 200 200 200 200 404
tenant_settings        tenant     200 403 403 403 403 403 403 404
tenant_advanced        tenant     200 403 403 403 403 403 403 404
switch_organization    tenant     200 200 200 200 200 200 200 404
organization_create    tenant     200 403 403 403 403 403 403 404
organization_home      org        200 404 200 200 200 200 200 404
organization_advanced  org        200 404 200 403 403 403 403 404
switch_workspace       org        200 404 200 200 200 200 200 404
workspace_create       org        200 404 200 403 403 403 403 404
workspace_home         workspace  302 404 302 404 302 302 302 404
workspace_advanced     workspace  200 404 200 404 200 200 200 404
people                 tenant     200 403 403 403 403 403 403 404
people                 org        200 404 200 200 200 200 200 404
people                 workspace  200 404 200 404 200 200 200 404
person_add             tenant     200 403 403 403 403 403 403 404
person_add             org        200 404 200 403 403 403 403 404
person_add             workspace  200 404 200 404 200 403 403 404
audit_log              tenant     200 403 403 403 403 403 403 404
audit_log              org        200 404 200 403 403 403 403 404
audit_log              workspace  200 404 200 404 200 403 403 404
audit_log_csv          tenant     200 403 403 403 403 403 403 404
audit_log_csv          org        200 404 200 403 403 403 403 404
audit_log_csv          workspace  200 404 200 404 200 403 403 404
people_leave           tenant     200 200 200 200 200 200 200 404
people_leave           org        404 404 200 200 200 200 200 404
people_leave           workspace  404 404 404 404 200 200 200 404
organization_home      other-org  200 404 404 404 404 404 404 404
workspace_advanced     other-ws   200 404 200 404 404 404 404 404
"""
ROWS = [(name, scope, statuses) for name, scope, *statuses in (line.split() for line in TABLE.strip().splitlines())]


def url_of(cast: Cast, name: str, scope: str) -> str:
    scopes = {
        "tenant": cast.at_tenant,
        "org": cast.at_org,
        "workspace": cast.at_workspace,
        "other-org": Scope(cast.acme, cast.ops),
        "other-ws": Scope(cast.acme, cast.tnt, cast.rockets),
    }
    return scopes[scope].url(name) if scope in scopes else reverse(name)


@pytest.mark.parametrize(("name", "scope", "statuses"), ROWS, ids=[f"{name}-{scope}" for name, scope, _ in ROWS])
def test_each_person_gets_what_the_table_says(
    cast: Cast, client: Client, name: str, scope: str, statuses: list[str]
) -> None:
    url = url_of(cast, name, scope)
    got = []
    for person in PEOPLE:
        client.force_login(getattr(cast, person))
        got.append(str(client.get(url).status_code))
    assert dict(zip(PEOPLE, got, strict=True)) == dict(zip(PEOPLE, statuses, strict=True))


@pytest.mark.parametrize(("name", "scope", "statuses"), ROWS, ids=[f"{name}-{scope}" for name, scope, _ in ROWS])
def test_nobody_gets_anything_without_signing_in(
    cast: Cast, client: Client, name: str, scope: str, statuses: list[str]
) -> None:
    url = url_of(cast, name, scope)
    response = client.get(url)
    assert response.status_code == 302
    assert response["Location"] == f"{reverse('account_login')}?next={url}"


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
