"""Choosing rows of lists, and what can be done with them: asked, shown what it means, confirmed once."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import actions, sharing
from connections.models import Connection, Folder, Schema
from integrations.forms import many as forms
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.models import AuditEvent

ORG = "/tenants/acme/orgs/tnt/connections/"
TENANT = "/tenants/acme/connections/"
USABLE = "/tenants/acme/orgs/tnt/workspaces/fireworks/connections/"


@dataclass(frozen=True)
class Tree:
    """Root / Prod with web and api, Root / Dev with lab; in acme/tnt."""

    root: Folder
    prod: Folder
    dev: Folder
    web: Connection
    api: Connection
    lab: Connection


@pytest.fixture
def tree(cast: Cast) -> Tree:
    with isolation.as_tenant(cast.acme.pk):
        root = factories.integration(cast.at_org, "awsi", by=cast.org_owner).root_folder
        prod, dev = (factories.folder(cast.at_org, title, parent=root) for title in ("Prod", "Dev"))
        web, api = (factories.connection(cast.at_org, title, folder=prod, handle=title) for title in ("web", "api"))
        lab = factories.connection(cast.at_org, "lab", folder=dev, handle="lab")
    return Tree(root, prod, dev, web, api, lab)


def page_of(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def hidden(response: Any) -> dict[str, list[str]]:
    """What the page's own form sends again."""
    form = response.content.decode().partition("<main")[2]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form):
        if name != "csrfmiddlewaretoken":
            found.setdefault(name, []).append(value.replace("&amp;", "&"))
    return found


def events(cast: Cast, action: str) -> list[AuditEvent]:
    with isolation.as_tenant(cast.acme.pk):
        return list(AuditEvent.objects.filter(action=action))


def grants(cast: Cast, *nodes: Folder | Connection) -> list[list[str]]:
    with isolation.as_tenant(cast.acme.pk):
        return [sorted(str(sharing.audience_of(one)) for one in sharing.grants_on(node)) for node in nodes]


def shares(how: str, *workspaces: Any, choice: str = "some") -> dict[str, Any]:
    return {"how": how, "choice": choice, "workspaces": [one.pk for one in workspaces]}


def test_many_are_shared_after_one_look_at_what_it_means_and_one_event_names_them(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    url = f"{ORG}many/permissions/"
    ticked = {"connection": [tree.web.pk, tree.api.pk], "folder": [tree.dev.pk]}
    page = as_org_owner.post(url, ticked)
    assert "Permissions of 1 folder and 2 connections" in page_of(page)
    refused = as_org_owner.post(url, hidden(page) | shares("add", choice="none"))
    assert "No Permissions goes with" in page_of(refused)
    asked = as_org_owner.post(url, hidden(page) | shares("add", cast.fireworks))
    assert "Share 1 folder and 2 connections" in page_of(asked)
    assert "No schema of a workspace changes by it." in page_of(asked)
    assert grants(cast, tree.web, tree.api, tree.dev) == [[], [], []]
    form = hidden(asked)
    done = as_org_owner.post(url, form, follow=True)
    assert "Shared 1 folder and 2 connections." in page_of(done)
    assert grants(cast, tree.web, tree.api, tree.dev, tree.lab) == [["acme/tnt/fireworks"]] * 3 + [[]]
    again = as_org_owner.post(url, form, follow=True)
    assert "Nothing was changed: 1 folder and 2 connections are shared like this already." in page_of(again)
    (event,) = events(cast, "nodes.permissions_changed")
    assert event.details["nodes"] == [tree.dev.handle, "web", "api"]
    assert event.details["chosen"] == "1 folder and 2 connections"
    assert event.details["audiences"] == ["acme/tnt/fireworks"]


def test_a_stale_confirmation_does_nothing_and_shows_what_it_would_do_now(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    url = f"{ORG}many/permissions/"
    with isolation.as_tenant(cast.acme.pk):
        for node in (tree.web, tree.api):
            sharing.set_grants(node, [cast.at_workspace])
    asked = as_org_owner.post(
        url, {"connection": [tree.web.pk, tree.api.pk, tree.lab.pk]} | shares("remove", cast.fireworks)
    )
    assert "Stop sharing 2 connections" in page_of(asked)
    assert "1 of them is as you want it already." in page_of(asked)
    with isolation.as_tenant(cast.acme.pk):
        actions.add_schema(scope=cast.at_workspace, node=tree.web, by=cast.org_owner)
    stale = as_org_owner.post(url, hidden(asked))
    assert "It is different from what you have just seen" in page_of(stale)
    assert "1 workspace is affected; 1 of them loses schemas." in page_of(stale)
    assert "Schemas removed" in page_of(stale)
    assert grants(cast, tree.web) == [["acme/tnt/fireworks"]]
    done = as_org_owner.post(url, hidden(stale), follow=True)
    assert "Stopped sharing 2 connections. 1 schema went from workspaces." in page_of(done)
    with isolation.as_tenant(cast.acme.pk):
        assert Schema.objects.get().lost_at is not None
    assert len(events(cast, "nodes.permissions_changed")) == 1


def test_all_that_match_are_found_anew_at_each_step(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    url = f"{ORG}many/permissions/"
    listed = as_org_owner.get(f"{ORG}folders/{tree.root.pk}/?kind=connection&state=active").content.decode()
    assert "Select all 3 that match" in listed
    every = {"all": "1", "filter": "kind=connection&state=active", "below": str(tree.root.pk)}
    asked = as_org_owner.post(url, every | shares("set", choice="all"))
    assert "Set the permissions of 3 connections" in page_of(asked)
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(cast.at_org, "newcomer", folder=tree.dev)
    stale = as_org_owner.post(url, hidden(asked))
    assert "It is different from what you have just seen" in page_of(stale)
    assert "Set the permissions of 4 connections" in page_of(stale)
    as_org_owner.post(url, hidden(stale))
    assert grants(cast, tree.web, tree.lab, tree.prod) == [["acme/tnt"], ["acme/tnt"], []]


def test_what_is_not_of_the_place_is_left_out_and_nothing_chosen_is_said(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        other = factories.connection(cast.at_tenant, "other")
    for path in ("permissions", "schema", "options", "test"):
        for ids in ({}, {"connection": [other.pk]}, {"connection": ["x", "9" * 30]}, {"folder": "0"}):
            response = as_org_owner.post(f"{ORG}many/{path}/", ids | shares("add", choice="all"), follow=True)
            assert "Nothing was chosen" in page_of(response), (path, ids)
    both = {"connection": [tree.web.pk, other.pk]} | shares("add", choice="all")
    assert "Share 1 connection" in page_of(as_org_owner.post(f"{ORG}many/permissions/", both))
    foreign = {"connection": [tree.web.pk], "how": "add", "choice": "some", "workspaces": ["999999"]}
    assert "can only be shared within it" in page_of(as_org_owner.post(f"{ORG}many/permissions/", foreign))
    gone = {"all": "1", "filter": "", "below": str(tree.root.pk)}
    assert as_org_owner.get(f"{ORG}many/test/").status_code == 302
    as_org_owner.force_login(cast.tenant_owner)
    assert as_org_owner.post(f"{TENANT}many/test/", gone).status_code == 404


def test_many_are_added_to_a_schema_and_removed_from_it(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree.prod, [cast.at_workspace])
    ticked = {"connection": [tree.web.pk, tree.api.pk, tree.lab.pk], "do": "add"}
    page = as_org_owner.post(f"{ORG}many/schema/", ticked)
    assert "Add 3 connections to the schema" in page_of(page)
    asked = as_org_owner.post(f"{ORG}many/schema/", hidden(page) | {"workspace": cast.fireworks.pk})
    assert "Add 2 connections" in page_of(asked)
    assert "1 of them is not shared with it" in page_of(asked)
    assert "Schemas added api" in page_of(asked)
    done = as_org_owner.post(f"{ORG}many/schema/", hidden(asked), follow=True)
    assert "Added 2 connections to the schema of fireworks." in page_of(done)
    again = as_org_owner.post(f"{ORG}many/schema/", hidden(asked), follow=True)
    assert "Nothing was changed in the schema of fireworks." in page_of(again)
    as_org_owner.force_login(cast.workspace_owner)
    folder = {"folder": [tree.prod.pk], "connection": [tree.web.pk], "do": "add"}
    asked = as_org_owner.post(f"{USABLE}many/schema/", folder)
    assert "Add 1 folder" in page_of(asked)
    as_org_owner.post(f"{USABLE}many/schema/", hidden(asked))
    out = {"connection": [tree.web.pk, tree.lab.pk], "folder": [tree.prod.pk], "do": "remove"}
    asked = as_org_owner.post(f"{USABLE}many/schema/", out)
    assert "Remove 1 folder and 1 connection" in page_of(asked)
    assert "Folder removed, with what comes to it later" in page_of(asked)
    as_org_owner.post(f"{USABLE}many/schema/", hidden(asked))
    with isolation.as_tenant(cast.acme.pk):
        assert [str(one) for one in Schema.objects.all()] == ["api"]
    assert len(events(cast, "nodes.schema_added")) == 2
    assert len(events(cast, "nodes.schema_removed")) == 1


def test_options_of_many_are_set_and_taken_back(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    url = f"{ORG}many/options/"
    ticked = {"connection": [tree.web.pk, tree.lab.pk], "folder": [tree.prod.pk]}
    page = as_org_owner.post(url, ticked)
    assert "Options of 1 folder and 2 connections" in page_of(page)
    keep = dict.fromkeys(("do_default_region", "do_min_error_retry_delay", "do_ignore_error_codes"), "keep")
    nothing = keep | {"do_regions": "keep", "do_max_error_retry_attempts": "keep"}
    assert "Set or reset at least one option." in page_of(as_org_owner.post(url, hidden(page) | nothing))
    wrong = nothing | {"do_regions": "set", "all_regions": "some", "region_patterns": "xx-*"}
    assert "AWS has no region" in page_of(as_org_owner.post(url, hidden(page) | wrong))
    right = keep | {
        "do_regions": "set",
        "all_regions": "some",
        "region_patterns": "us-*",
        "do_max_error_retry_attempts": "reset",
    }
    asked = as_org_owner.post(url, hidden(page) | right)
    assert "Change the options of 1 folder and 2 connections" in page_of(asked)
    assert "Regions: us-*. Max Retry Attempts: inherited again." in page_of(asked)
    done = as_org_owner.post(url, hidden(asked), follow=True)
    assert "Changed the options of 1 folder and 2 connections." in page_of(done)
    with isolation.as_tenant(cast.acme.pk):
        assert set(map(str, Connection.objects.filter(options={"regions": ["us-*"]}))) == {"web", "lab"}
        Connection.objects.filter(pk=tree.web.pk).update(options={"regions": ["eu-*"], "max_error_retry_attempts": 3})
    stale = as_org_owner.post(url, hidden(asked))
    assert "It is different from what you have just seen" in page_of(stale)
    assert "Change the options of 1 connection" in page_of(stale)
    (event,) = events(cast, "nodes.options_changed")
    assert event.details["set"] == {"regions": ["us-*"]}


def test_many_are_tested_now_and_what_is_disabled_is_not(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.update(health_due_at=timezone.now() + timedelta(hours=5))
        Connection.objects.filter(pk=tree.api.pk).update(state="suspended")
    asked = as_org_owner.post(f"{ORG}many/test/", {"folder": [tree.prod.pk], "connection": [tree.lab.pk]})
    assert "Test 2 connections" in page_of(asked)
    assert "1 of them is disabled and not tested." in page_of(asked)
    done = as_org_owner.post(f"{ORG}many/test/", hidden(asked), follow=True)
    assert "2 connections are tested now." in page_of(done)
    with isolation.as_tenant(cast.acme.pk):
        due = Connection.objects.filter(health_due_at__lte=timezone.now())
        assert set(map(str, due)) == {"web", "lab"}
    assert len(events(cast, "nodes.tests_requested")) == 1


def test_only_owners_choose_rows(cast: Cast, tree: Tree, client: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree.prod, [cast.at_workspace])
    for who, has_boxes in (("workspace_owner", True), ("reader", False)):
        client.force_login(getattr(cast, who))
        html = client.get(USABLE).content.decode()
        assert ("data-choose " in html or "data-choose>" in html) == has_boxes, who
        status = client.post(f"{USABLE}many/schema/", {"folder": [tree.prod.pk]}).status_code
        assert status == (200 if has_boxes else 403), who


def test_acts_take_as_many_queries_for_ten_nodes_as_for_a_thousand(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    every = {"all": "1", "filter": "kind=connection", "below": str(tree.root.pk)}

    def queries() -> list[int]:
        found = []
        for path, form in (
            ("permissions", shares("add", cast.fireworks)),
            ("permissions", shares("set", choice="none")),
            ("options", {"do_regions": "reset", "do_default_region": "set", "default_region": "us-east-1"}),
            ("test", {}),
        ):
            with CaptureQueriesContext(connection) as captured:
                asked = as_org_owner.post(f"{ORG}many/{path}/", every | form)
                as_org_owner.post(f"{ORG}many/{path}/", hidden(asked))
            found.append(len(captured.captured_queries))
            with isolation.as_tenant(cast.acme.pk):
                Connection.objects.update(options={})
        return found

    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree.dev, folders=2, connections=10)
    queries()
    small = queries()
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree.dev, folders=30, connections=1000)
    assert queries() == small


def test_more_permissions_than_one_statement_can_write_are_refused_with_a_sentence(
    cast: Cast, tree: Tree, as_org_owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "MOST_GRANTS", 2)
    ticked = {"connection": [tree.web.pk, tree.api.pk, tree.lab.pk]}
    response = as_org_owner.post(f"{ORG}many/permissions/", ticked | shares("add", cast.fireworks))
    assert "These would be 3 permissions, and 2 at once is the most." in page_of(response)
    assert "Stop sharing" not in page_of(as_org_owner.post(f"{ORG}many/permissions/", {}, follow=True))


def test_names_that_a_workspace_has_besides_are_found_where_not_all_of_a_folder_was_chosen(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        for node in (tree.prod, tree.dev):
            sharing.set_grants(node, [cast.at_workspace])
            actions.add_schema(scope=cast.at_workspace, node=node, by=cast.org_owner)
    gone = {"folder": [tree.prod.pk, tree.dev.pk], "how": "set", "choice": "none"}
    assert "Aggregator disappears" in page_of(as_org_owner.post(f"{ORG}many/permissions/", gone))
    one = {"connection": [tree.web.pk], "do": "remove", "workspace": cast.fireworks.pk}
    done = as_org_owner.post(f"{ORG}many/schema/", one, follow=True)
    assert "1 of them is not added by itself." in page_of(done)
