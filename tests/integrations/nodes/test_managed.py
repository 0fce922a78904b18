"""Handles and options of managed folders and connections, and Test Connection on one of them."""

from collections.abc import Callable

import pytest
from django.test import Client

from connections.models import Connection, Folder
from integrations.access_tests import run as access_tests_run
from integrations.models import AccessTest
from tests import factories
from tests.conftest import Cast
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.fakes.aws.policy import trusting
from tests.integrations.conftest import QUICK, Synced
from tests.integrations.in_use import hidden, post, text_of
from workspaces import isolation
from workspaces.models import AuditEvent

BASE = "/tenants/acme/orgs/tnt/connections/"
OPTIONS = {"all_regions": "all", "max_error_retry_attempts": "9", "min_error_retry_delay": "25"}

Events = Callable[[], list[AuditEvent]]


def connection(cast: Cast, title: str) -> Connection:
    with isolation.as_tenant(cast.acme.pk):
        return Connection.objects.select_related("folder").get(title=title)


def folder(cast: Cast, title: str) -> Folder:
    with isolation.as_tenant(cast.acme.pk):
        return Folder.objects.get(title=title)


def send(client: Client, url: str, **values: object) -> str:
    """Send a form of a node as its page has it, with these values."""
    return post(client, url, **{"seen": hidden(client.get(url).content.decode(), "seen")} | values)


def test_a_static_handle_shows_its_impact_first_and_no_sync_touches_it(
    in_use: Synced, cast: Cast, as_org_owner: Client, events: Events
) -> None:
    url = f"{BASE}{connection(cast, 'Prod').pk}/handle/"
    html = send(as_org_owner, url, handle="shop")
    text = text_of(html)
    assert "2 workspaces use this connection." in text
    assert "Schemas renamed prod to → shop" in text
    assert "Aggregator all_prod: loses 1 prod" in text
    assert connection(cast, "Prod").handle == "prod"
    html = send(as_org_owner, url, handle="shop", seen_impact=hidden(html, "seen_impact"))
    assert "Saved the handle shop." in html
    assert events()[0].action == "connection.handle_changed"
    assert events()[0].details["after"] == {"handle": "shop", "is_static": True}
    in_use.aws.organization.rename("Prod", "Production")
    in_use.sync()
    assert connection(cast, "Production").handle == "shop"


def test_reset_to_dynamic_follows_the_name_again(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(title="Prod").update(handle="shop", is_handle_static=True)
        factories.connection(cast.at_org, "Mine", handle="prod")
    url = f"{BASE}{connection(cast, 'Prod').pk}/handle/"
    seen_impact = hidden(send(as_org_owner, url, do="reset"), "seen_impact")
    send(as_org_owner, url, do="reset", seen_impact=seen_impact)
    now = connection(cast, "Prod")
    assert (now.handle, now.is_handle_static) == (f"prod_{now.source_id}", False)  # the bare one is taken
    assert "Reset to dynamic" not in as_org_owner.get(url).content.decode()


def test_a_folder_gets_a_static_handle_at_once(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    url = f"{BASE}folders/{folder(cast, 'Workloads').pk}/handle/"
    assert "Saved the handle work." in send(as_org_owner, url, handle="work")
    assert folder(cast, "Workloads").is_handle_static
    assert "Saved the handle workloads." in send(as_org_owner, url, do="reset")


def test_a_taken_or_malformed_handle_is_refused(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    url = f"{BASE}{connection(cast, 'Prod').pk}/handle/"
    assert "dev is taken by another connection of acme/tnt." in send(as_org_owner, url, handle="dev")
    for handle in ("Prod", "1", "a-b", "x" * 64, ""):
        assert "field-error" in send(as_org_owner, url, handle=handle)
    assert connection(cast, "Prod").handle == "prod"


@pytest.mark.parametrize("forged", [{"title": "Mine"}, {"folder": "1"}, {"parent": "1"}, {"state": "active"}])
def test_a_hand_written_request_neither_retitles_nor_moves_a_managed_node(
    in_use: Synced, cast: Cast, as_org_owner: Client, forged: dict[str, str]
) -> None:
    before = connection(cast, "Dev")
    html = send(as_org_owner, f"{BASE}{before.pk}/handle/", handle="other", **forged)
    assert "the integration main keeps it as it is in AWS" in text_of(html)
    after = connection(cast, "Dev")
    assert (after.title, after.folder_id, after.handle) == (before.title, before.folder_id, before.handle)


def test_the_second_of_two_people_is_told(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    url = f"{BASE}folders/{folder(cast, 'Workloads').pk}/handle/"
    old = hidden(as_org_owner.get(url).content.decode(), "seen")
    send(as_org_owner, url, handle="first")
    html = post(as_org_owner, url, handle="second", seen=old)
    assert "org-owner@example.com changed the Handle" in text_of(html)
    assert 'value="second"' in html
    assert folder(cast, "Workloads").handle == "first"


def test_options_are_inherited_down_the_tree_and_reset_one_by_one(
    in_use: Synced, cast: Cast, as_org_owner: Client, events: Events
) -> None:
    above = f"{BASE}folders/{folder(cast, 'Workloads').pk}/config/"
    below = f"{BASE}{connection(cast, 'Prod').pk}/config/"
    assert "Saved" in send(as_org_owner, above, **OPTIONS | {"min_error_retry_delay": "50"})
    assert folder(cast, "Workloads").options == {"min_error_retry_delay": 50}
    text = text_of(as_org_owner.get(below).content.decode())
    assert "Inherited from the folder Workloads" in text
    assert "Inherited from the integration main" in text
    send(as_org_owner, below, **OPTIONS | {"min_error_retry_delay": "50", "default_region": "eu-west-1"})
    assert connection(cast, "Prod").options == {"default_region": "eu-west-1"}
    assert events()[0].action == "connection.options_changed"
    send(as_org_owner, below, **OPTIONS | {"default_region": "eu-west-1"})
    assert connection(cast, "Prod").options == {"default_region": "eu-west-1", "min_error_retry_delay": 25}
    assert "Set here" in as_org_owner.get(below).content.decode()
    send(as_org_owner, below, reset="default_region")
    assert connection(cast, "Prod").options == {"min_error_retry_delay": 25}
    send(as_org_owner, below, reset="min_error_retry_delay")
    assert connection(cast, "Prod").options == {}


def test_bad_options_are_refused(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    url = f"{BASE}{connection(cast, 'Prod').pk}/config/"
    for bad in ({"min_error_retry_delay": "0"}, {"default_region": "mars-1"}, {"all_regions": "some"}):
        assert "field-error" in send(as_org_owner, url, **OPTIONS | bad)
    assert connection(cast, "Prod").options == {}


@pytest.mark.parametrize(("has_role", "state"), [(True, "passed"), (False, "failed")])
def test_a_connection_is_tested_by_itself(
    in_use: Synced, cast: Cast, as_org_owner: Client, has_role: bool, state: str
) -> None:
    node = connection(cast, "Prod")
    with isolation.as_tenant(cast.acme.pk):
        in_use.integration.role_name = "pipes-connection"
        in_use.integration.save(update_fields=["role_name"])
    if has_role:
        trust = trusting(VENDOR_ROLE_ARN, in_use.integration.connection_external_id)
        in_use.aws.roles.create("pipes-connection", trust, account=node.source_id)
    post(as_org_owner, f"{BASE}{node.pk}/test/")
    with isolation.as_tenant(cast.acme.pk):
        test = AccessTest.objects.get()
    access_tests_run.run(cast.acme.pk, test.pk, retries=QUICK)
    with isolation.as_tenant(cast.acme.pk):
        test.refresh_from_db()
    assert (test.state, [result["account_id"] for result in test.report["results"]]) == (state, [node.source_id])
    text = text_of(as_org_owner.get(f"{BASE}{node.pk}/config/").content.decode())
    assert node.source_id in text
    assert "The role pipes-connection works in" in text


@pytest.mark.parametrize("page", ["handle/", "config/"])
@pytest.mark.parametrize(("who", "status"), [("org_member", 403), ("workspace_owner", 403), ("stranger", 404)])
def test_only_owners_of_the_scope_change_nodes(
    cast: Cast, in_use: Synced, client: Client, page: str, who: str, status: int
) -> None:
    client.force_login(getattr(cast, who))
    for node in (f"{connection(cast, 'Prod').pk}/", f"folders/{folder(cast, 'Workloads').pk}/"):
        assert client.get(BASE + node + page).status_code == status
        assert client.post(BASE + node + page, {"handle": "mine"}).status_code == status


def test_a_node_of_another_scope_is_not_found(cast: Cast, in_use: Synced, as_tenant_owner: Client) -> None:
    for base in ("/tenants/acme/connections/", "/tenants/acme/orgs/ops/connections/"):
        assert as_tenant_owner.get(f"{base}{connection(cast, 'Prod').pk}/handle/").status_code == 404
