"""A workspace's pages: what it may use, what it has in use, aggregators and the search path."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import actions, sharing
from connections.models import Aggregator, Connection, ConnectionState, Folder, Schema
from connections.schemas import aggregator_patterns
from connections.schemas.in_use import contents
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Workspace

HERE = "/tenants/acme/orgs/tnt/workspaces/fireworks/"
CONNECTIONS = HERE + "connections/"
IN_USE = CONNECTIONS + "in-use/"
AGGREGATORS = HERE + "aggregators/"
SEARCH_PATH = HERE + "advanced/search-path/"
HTMX = {"HX-Request": "true"}
QUERIES = 12


@dataclass(frozen=True)
class Tree:
    """In acme/tnt: Root / Prod (web_prod, api_prod) and Root / Dev (web_dev)."""

    root: Folder
    prod: Folder
    dev: Folder
    web_prod: Connection
    api_prod: Connection
    web_dev: Connection


@pytest.fixture
def tree(cast: Cast) -> Tree:
    with isolation.as_tenant(cast.acme.pk):
        root = factories.integration(cast.at_org, "awsi", by=cast.org_owner).root_folder
        prod = factories.folder(cast.at_org, "Prod", parent=root)
        dev = factories.folder(cast.at_org, "Dev", parent=root)
        leaves = [
            factories.connection(cast.at_org, handle, folder=folder, handle=handle)
            for handle, folder in (("web_prod", prod), ("api_prod", prod), ("web_dev", dev))
        ]
    return Tree(root, prod, dev, *leaves)


@pytest.fixture
def as_owner(cast: Cast, client: Client) -> Client:
    client.force_login(cast.workspace_owner)
    return client


def share(cast: Cast, node: Folder | Connection, *scopes: Scope) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(node, scopes)


def add(cast: Cast, node: Folder | Connection, workspace: Workspace | None = None) -> None:
    workspace = workspace or cast.fireworks
    with isolation.as_tenant(cast.acme.pk):
        actions.add_schema(scope=Scope(cast.acme, workspace.organization, workspace), node=node, by=cast.org_owner)


def aggregator(cast: Cast, handle: str, *patterns: str) -> Aggregator:
    with isolation.as_tenant(cast.acme.pk):
        return actions.create_aggregator(scope=cast.at_workspace, handle=handle, patterns=patterns, by=cast.org_owner)


def in_use(cast: Cast) -> list[str]:
    with isolation.as_tenant(cast.acme.pk):
        return sorted(contents(cast.fireworks).connections.values_list("handle", flat=True))


def rows_of(cast: Cast) -> list[str]:
    with isolation.as_tenant(cast.acme.pk):
        return sorted(str(row) for row in Schema.objects.select_related("folder", "connection"))


def events(cast: Cast, action: str) -> list[AuditEvent]:
    with isolation.as_tenant(cast.acme.pk):
        return list(AuditEvent.objects.filter(action=action).order_by("pk"))


def get(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers or None)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def node_url(node: Folder | Connection, verb: str = "") -> str:
    base = f"{CONNECTIONS}folders/{node.pk}/" if isinstance(node, Folder) else f"{CONNECTIONS}{node.pk}/"
    return base + (f"{verb}/" if verb else "")


# What it may use


def test_nothing_shared_says_what_to_do(cast: Cast, tree: Tree, as_owner: Client) -> None:
    assert "Nothing is shared with this workspace yet. Ask an owner" in get(as_owner, CONNECTIONS)


def test_an_owner_of_the_organization_is_led_to_where_things_are_shared(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    assert 'href="/tenants/acme/orgs/tnt/connections/"' in get(as_org_owner, CONNECTIONS)


def test_the_tree_begins_at_what_is_shared_and_names_the_folders_above(
    cast: Cast, tree: Tree, as_owner: Client
) -> None:
    share(cast, tree.prod, cast.at_workspace)
    share(cast, tree.web_dev, cast.at_org)
    html = get(as_owner, CONNECTIONS)
    assert '<bdi class="tree-place">Root</bdi>' in html
    assert '<bdi class="tree-place">Root / Dev</bdi>' in html
    assert node_url(tree.prod) in html
    assert node_url(tree.web_dev) in html
    assert node_url(tree.root) not in html, "it is not shared itself"
    assert node_url(tree.web_prod) not in html, "it is in Prod"
    folder = get(as_owner, node_url(tree.prod))
    assert "<span><bdi>Root</bdi></span>" in folder, "named in the breadcrumb, leads nowhere"
    assert node_url(tree.web_prod) in folder
    for node in (tree.root, tree.dev, tree.api_prod):
        expected = 200 if node == tree.api_prod else 404
        assert as_owner.get(node_url(node)).status_code == expected


def test_a_row_opens_in_place(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_workspace)
    html = get(as_owner, node_url(tree.prod) + "?inside", **HTMX)
    assert html.lstrip().startswith('<ul class="tree">')
    assert "web_prod" in html


def test_a_folder_counts_what_is_in_it_and_no_folders_where_there_are_none(
    cast: Cast, tree: Tree, as_owner: Client
) -> None:
    share(cast, tree.root, cast.at_workspace)
    assert "2 folders · 3 connections" in text_of(get(as_owner, CONNECTIONS))
    inside = text_of(get(as_owner, node_url(tree.root)))
    assert "2 connections" in inside
    assert "1 connection " in inside
    assert "0 folders" not in inside


def test_search_finds_only_what_may_be_used(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.prod, cast.at_workspace)
    html = get(as_owner, CONNECTIONS + "?q=web")
    assert "web_prod" in html
    assert "web_dev" not in html
    assert "api_prod" not in get(as_owner, node_url(tree.prod) + "?q=web")
    assert "Nothing that this workspace may use" in get(as_owner, CONNECTIONS + "?q=web_dev")


def test_a_disabled_connection_says_why(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_org)
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk=tree.web_dev.pk).update(state=ConnectionState.SUSPENDED)
    assert "Its account is suspended" in get(as_owner, node_url(tree.web_dev))
    assert "Its account is suspended" in get(as_owner, node_url(tree.dev))
    add(cast, tree.web_dev)
    assert "Its account is suspended" in get(as_owner, IN_USE)


# Adding and removing


def test_a_connection_is_added_and_removed_with_one_event_each(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.prod, cast.at_workspace)
    for verb, row, added, removed in (("add", "web_prod", 1, 0),) * 2 + (("remove", "", 1, 1),) * 2:
        response = as_owner.post(node_url(tree.web_prod, verb), {"next": node_url(tree.prod)})
        assert response.status_code == 302
        assert response["Location"] == node_url(tree.prod)
        assert rows_of(cast) == ([row] if row else [])
        assert (len(events(cast, "schema.added")), len(events(cast, "schema.removed"))) == (added, removed)
    assert events(cast, "schema.added")[0].workspace_id == cast.fireworks.pk


def test_a_button_answers_with_its_row_alone(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.prod, cast.at_workspace)
    target = {"HX-Request": "true", "HX-Target": f"node-connection-{tree.web_prod.pk}"}
    response = as_owner.post(node_url(tree.web_prod, "add"), headers=target)
    html = response.content.decode()
    assert html.count("<li ") == 1
    assert "Remove from schema" in html
    assert "<html" not in html


def test_what_a_search_found_is_read_again_when_a_folder_comes_or_goes(
    cast: Cast, tree: Tree, as_owner: Client
) -> None:
    share(cast, tree.root, cast.at_org)
    found = as_owner.get(CONNECTIONS, {"q": "prod"}).content.decode()
    assert f'<div id="list" hx-get="{CONNECTIONS}?q=prod" hx-trigger="schema from:body"' in found
    for node, trigger in ((tree.prod, '{"schema": {}}'), (tree.web_prod, None), (tree.web_dev, None)):
        kind = "folder" if node == tree.prod else "connection"
        headers = {"HX-Request": "true", "HX-Target": f"node-{kind}-{node.pk}"}
        answer = as_owner.post(node_url(node, "add"), headers=headers)
        assert answer.get("HX-Trigger") == trigger


def test_a_folder_brings_its_present_and_future_connections(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_workspace)
    as_owner.post(node_url(tree.prod, "add"))
    assert in_use(cast) == ["api_prod", "web_prod"]
    assert len(rows_of(cast)) == 1, "nothing is stored per connection"
    with isolation.as_tenant(cast.acme.pk):
        deeper = factories.folder(cast.at_org, "Deeper", parent=tree.prod)
        factories.connection(cast.at_org, "later", folder=deeper, handle="later")
    assert in_use(cast) == ["api_prod", "later", "web_prod"]


def test_below_an_added_folder_it_says_from_which(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.prod)
    html = get(as_owner, node_url(tree.prod))
    assert f'from folder <a href="{node_url(tree.prod)}"><bdi>Prod</bdi></a>' in html
    assert node_url(tree.web_prod, "add") not in html
    assert node_url(tree.web_prod, "remove") not in html
    assert "In schema, from folder Prod" in text_of(get(as_owner, node_url(tree.web_prod)))
    as_owner.post(node_url(tree.web_prod, "remove"))
    assert in_use(cast) == ["api_prod", "web_prod"], "removed only where it was added"


def test_what_a_folder_brings_already_is_not_added_again(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.prod)
    response = as_owner.post(node_url(tree.web_prod, "add"), follow=True)
    assert "web_prod is in the schema already, with the folder Prod." in response.content.decode()
    assert len(rows_of(cast)) == 1


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("tenant_owner", 302),
        ("org_owner", 302),
        ("workspace_owner", 302),
        ("operator", 403),
        ("reader", 403),
        ("org_member", 404),
        ("tenant_member", 404),
        ("stranger", 404),
    ],
)
def test_owners_add_and_remove_others_only_see(cast: Cast, tree: Tree, client: Client, who: str, status: int) -> None:
    share(cast, tree.root, cast.at_org)
    client.force_login(getattr(cast, who))
    sees = 404 if status == 404 else 200
    for url in (CONNECTIONS, IN_USE, node_url(tree.prod), node_url(tree.web_dev), AGGREGATORS, SEARCH_PATH):
        response = client.get(url)
        assert response.status_code == sees, url
        assert ("Add to schema" in response.content.decode()) <= (status == 302)
    for node in (tree.prod, tree.web_dev):
        for verb in ("add", "remove"):
            assert client.post(node_url(node, verb)).status_code == status
    assert client.post(SEARCH_PATH, {"names": "x"}).status_code == (200 if status == 200 else status)


def test_nothing_is_added_by_following_a_link(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_org)
    assert as_owner.get(node_url(tree.prod, "add")).status_code == 405


def test_what_is_not_shared_cannot_be_added_by_a_forged_post(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.prod, Scope(cast.acme, cast.tnt, cast.rockets))
    with isolation.as_tenant(cast.globex.pk):
        foreign = factories.connection(Scope(cast.globex), "foreign")
    with isolation.as_tenant(cast.acme.pk):
        theirs = factories.connection(Scope(cast.acme, cast.ops), "theirs")
    for node in (tree.prod, tree.web_prod, theirs, foreign):
        assert as_owner.post(node_url(node, "add")).status_code == 404
    assert rows_of(cast) == []


def test_after_the_post_nobody_is_sent_elsewhere(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.prod, cast.at_workspace)
    response = as_owner.post(node_url(tree.prod, "add"), {"next": "https://evil.example/"})
    assert response["Location"] == CONNECTIONS


def test_what_aws_moves_out_of_reach_is_hidden_and_comes_back(cast: Cast, tree: Tree) -> None:
    share(cast, tree.prod, cast.at_workspace)
    add(cast, tree.web_prod)
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk=tree.web_prod.pk).update(folder=tree.dev)
    assert in_use(cast) == []
    assert rows_of(cast) == ["web_prod"]
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk=tree.web_prod.pk).update(folder=tree.prod, removed_at=timezone.now())
    assert in_use(cast) == []
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk=tree.web_prod.pk).update(removed_at=None)
    assert in_use(cast) == ["web_prod"]


# In use, names and conflicts


def same_name(cast: Cast, handle: str, at: Scope) -> Connection:
    with isolation.as_tenant(cast.acme.pk):
        made = factories.connection(at, f"{handle} of {at}", handle=handle)
    share(cast, made, cast.at_workspace)
    return made


def test_schemas_in_use_show_where_they_come_from(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_org)
    add(cast, tree.web_prod)
    add(cast, tree.prod)
    text = text_of(get(as_owner, IN_USE))
    assert "Added directly, and from folder Prod" in text
    assert "api_prod api_prod From folder Prod In use tnt &gt; awsi" in text
    assert "all_aws Aggregator, built in" in text
    assert "web_dev" not in text


def test_the_later_of_two_schemas_of_one_name_is_a_conflict(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.prod, cast.at_workspace)
    later = same_name(cast, "web_prod", cast.at_tenant)
    add(cast, tree.prod)
    add(cast, later)
    text = text_of(get(as_owner, IN_USE))
    assert "1 schema has a name that another schema had first" in text
    assert text.count("Conflict: ") == 1
    assert "The name web_prod is taken by a connection of the organization that was added earlier." in text
    assert "Conflict: " not in text_of(get(as_owner, node_url(tree.web_prod)))
    assert "is taken by" in get(as_owner, node_url(later))
    only = text_of(get(as_owner, IN_USE + "?conflicts"))
    assert "api_prod" not in only
    assert only.count("web_prod of acme") == 1
    as_owner.post(node_url(later, "remove"))
    assert "Conflict" not in get(as_owner, IN_USE)


def test_an_aggregator_and_a_connection_of_one_name_are_a_conflict(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.prod, cast.at_workspace)
    add(cast, tree.prod)
    aggregator(cast, "web_prod", "*_prod")
    text = text_of(get(as_owner, IN_USE))
    assert text.count("Conflict: ") == 1
    assert "Give this aggregator another handle, or remove the connection from the schema." in text


def test_a_connection_cannot_take_a_name_that_every_workspace_has(cast: Cast, as_owner: Client) -> None:
    add(cast, same_name(cast, "public", cast.at_org))
    assert "taken by the schema that every workspace has by itself" in get(as_owner, IN_USE)


# Aggregators


def test_all_aws_is_there_by_itself_from_two_connections_on(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.prod, cast.at_workspace)
    add(cast, tree.web_prod)
    assert "all_aws</a>" not in get(as_owner, AGGREGATORS)
    add(cast, tree.api_prod)
    assert "2 connections" in text_of(get(as_owner, AGGREGATORS))
    assert "Unites now: 2 connections" in text_of(get(as_owner, AGGREGATORS + "all_aws/"))


def test_an_aggregator_is_created_changed_and_deleted(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.root)
    made = as_owner.post(AGGREGATORS + "new/", {"handle": "prod", "patterns": "*_prod\nweb_dev"})
    assert made.status_code == 302
    with isolation.as_tenant(cast.acme.pk):
        row = Aggregator.objects.get()
    assert row.patterns == ["*_prod", "web_dev"]
    url = f"{AGGREGATORS}{row.pk}/"
    assert made["Location"] == url
    assert "Unites now: 3 connections" in text_of(get(as_owner, url))
    seen = {"seen": "prod *_prod web_dev"}
    assert as_owner.post(url, {"handle": "webs", "patterns": "web_*"} | seen).status_code == 302
    assert "Unites now: 2 connections" in text_of(get(as_owner, url))
    assert "webs" in get(as_owner, AGGREGATORS)
    assert as_owner.post(url + "delete/", {"handle": "prod"}).status_code == 200, "that is not its handle"
    assert as_owner.post(url + "delete/", {"handle": "webs"}).status_code == 302
    assert as_owner.get(url).status_code == 404
    kinds = ("created", "changed", "deleted")
    assert [len(events(cast, f"aggregator.{kind}")) for kind in kinds] == [1, 1, 1]
    assert events(cast, "aggregator.changed")[0].details["before"]["patterns"] == ["*_prod", "web_dev"]


@pytest.mark.parametrize(
    ("handle", "patterns", "sentence"),
    [
        ("prod", "", "Enter at least one name or pattern"),
        ("prod", "web-%", "“web-%” cannot match a handle"),
        ("prod", "Web_prod", "cannot match a handle"),
        ("taken", "*", "“taken” is taken by another aggregator of this workspace."),
        ("all_aws", "*", "“all_aws” is a schema that every workspace has by itself."),
        ("public", "*", "“public” is a schema that every workspace has by itself."),
        ("Not-A-Handle", "*", "Start with a lower-case letter"),
        ("", "*", "Enter a handle."),
    ],
)
def test_a_bad_aggregator_is_refused_with_a_sentence(
    cast: Cast, tree: Tree, as_owner: Client, handle: str, patterns: str, sentence: str
) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.prod)
    aggregator(cast, "taken", "*")
    response = as_owner.post(AGGREGATORS + "new/", {"handle": handle, "patterns": patterns})
    assert response.status_code == 200
    assert sentence in response.content.decode()
    with isolation.as_tenant(cast.acme.pk):
        assert Aggregator.objects.count() == 1


def test_a_handle_is_checked_as_one_types(cast: Cast, tree: Tree, as_owner: Client) -> None:
    aggregator(cast, "taken", "*")
    target = {"HX-Request": "true", "HX-Target": "id_handle-status"}
    url = AGGREGATORS + "new/?handle="
    assert "is taken by another aggregator" in get(as_owner, url + "taken", **target)
    assert "free is free." in get(as_owner, url + "free", **target)


def test_an_aggregator_that_matches_nothing_any_more_says_so(cast: Cast, tree: Tree, as_owner: Client) -> None:
    made = aggregator(cast, "gone", "web_*")
    assert "It matches nothing today" in get(as_owner, f"{AGGREGATORS}{made.pk}/")
    assert "Nothing today" in get(as_owner, AGGREGATORS)


def test_an_aggregator_may_be_made_before_there_is_anything_to_unite(cast: Cast, tree: Tree, as_owner: Client) -> None:
    assert "New Aggregator" in get(as_owner, AGGREGATORS)
    assert "matches nothing today" in get(as_owner, AGGREGATORS + "new/")
    sent = {"handle": "prod", "patterns": "nothing_* web_*"}
    page = as_owner.post(AGGREGATORS + "new/", sent, follow=True).content.decode()
    assert "Created the aggregator prod. “nothing_*”, “web_*” match nothing today." in page
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.root)
    with isolation.as_tenant(cast.acme.pk):
        made = Aggregator.objects.get()
    url = f"{AGGREGATORS}{made.pk}/"
    assert "Unites now: 2 connections" in text_of(get(as_owner, url))
    changed = sent | {"handle": "webs", "seen": "prod nothing_* web_*"}
    page = as_owner.post(url, changed, follow=True).content.decode()
    assert "Saved the aggregator webs. Matches 2 connections. “nothing_*” matches nothing today." in page
    assert "New Aggregator" in get(as_owner, AGGREGATORS + "?q=none-has-this")


def test_what_patterns_match_is_said_as_one_types_in_one_small_question(
    cast: Cast, tree: Tree, as_owner: Client
) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.root)
    target = {"HX-Request": "true", "HX-Target": "id_patterns-status"}

    def told(patterns: str) -> str:
        query = urlencode({"patterns": patterns})
        return text_of(get(as_owner, f"{AGGREGATORS}new/?{query}", **target)).strip()

    assert told("web_*") == "Matches 2 connections."
    assert told("web_prod") == "Matches 1 connection."
    assert told("web_* gone_*") == "Matches 2 connections. “gone_*” matches nothing today."
    assert told("gone_*") == "“gone_*” matches nothing today."
    assert "cannot match a handle" in told("Web")
    assert "use 30 at most" in told(" ".join(f"p{n}" for n in range(31)))
    with isolation.as_tenant(cast.acme.pk):
        made = aggregator(cast, "webs", "web_*")
    assert "Matches 3 connections." in get(as_owner, f"{AGGREGATORS}{made.pk}/?patterns=*", **target)


def test_what_somebody_else_changed_of_an_aggregator_is_not_overwritten_unseen(
    cast: Cast, tree: Tree, as_owner: Client
) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.root)
    url = f"{AGGREGATORS}{aggregator(cast, 'webs', 'web_*').pk}/"
    mine = {"handle": "mine", "patterns": "web_*"}
    assert as_owner.post(url, {"handle": "webs", "patterns": "*_dev", "seen": "webs web_*"}).status_code == 302
    refused = as_owner.post(url, mine | {"seen": "webs web_*"}).content.decode()
    assert "it is webs now and unites *_dev. Save again to replace that with what you entered." in text_of(refused)
    assert 'value="mine"' in refused
    assert 'name="seen" value="webs *_dev"' in refused
    assert as_owner.post(url, mine | {"seen": "webs *_dev"}).status_code == 302
    assert len(events(cast, "aggregator.changed")) == 2


def test_a_reader_sees_aggregators_and_changes_none(cast: Cast, tree: Tree, client: Client) -> None:
    made = aggregator(cast, "webs", "web_*")
    client.force_login(cast.reader)
    url = f"{AGGREGATORS}{made.pk}/"
    assert "web_*" in get(client, url)
    assert client.post(url, {"handle": "mine", "patterns": "*"}).status_code == 403
    for other in (url + "delete/", AGGREGATORS + "new/"):
        assert client.get(other).status_code == 403
        assert client.post(other).status_code == 403


def test_an_aggregator_of_another_workspace_is_not_found(cast: Cast, as_org_owner: Client) -> None:
    made = aggregator(cast, "webs", "web_*")
    other = HERE.replace("fireworks", "rockets")
    for url in (f"{other}aggregators/{made.pk}/", f"{other}aggregators/{made.pk}/delete/"):
        assert as_org_owner.get(url).status_code == 404
        assert as_org_owner.post(url, {"handle": "webs"}).status_code == 404


@pytest.mark.parametrize(
    ("typed", "matched"),
    [
        (["*"], ["api_prod", "web_dev", "web_prod"]),
        (["web_*"], ["web_dev", "web_prod"]),
        (["w*b_**prod"], ["web_prod"]),
        (["web"], []),
        (["_"], []),
        (["api_prod", "*dev"], ["api_prod", "web_dev"]),
    ],
)
def test_patterns_match_whole_handles(cast: Cast, tree: Tree, typed: list[str], matched: list[str]) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.root)
    with isolation.as_tenant(cast.acme.pk):
        found = aggregator_patterns.matching(contents(cast.fireworks), typed)
        assert sorted(found.values_list("handle", flat=True)) == matched


# The search path


def test_the_search_path_is_prefix_public_aggregators_connections(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.root)
    aggregator(cast, "webs", "web_*")
    assert as_owner.post(SEARCH_PATH, {"names": "web_prod\nelsewhere"}).status_code == 302
    html = get(as_owner, SEARCH_PATH)
    order = re.findall(r"<td><code>(\w+)</code></td>", html)
    assert order == ["web_prod", "elsewhere", "public", "all_aws", "webs", "api_prod", "web_dev"]
    assert html.count("No schema has this name now") == 1
    as_owner.post(SEARCH_PATH, {"names": "web_prod elsewhere", "seen": "web_prod elsewhere"})
    (event,) = events(cast, "workspace.search_path_changed")
    assert (event.details["before"], event.details["after"]) == ([], ["web_prod", "elsewhere"])
    as_owner.post(SEARCH_PATH, {"names": "", "seen": "web_prod elsewhere"})
    assert re.findall(r"<td><code>(\w+)</code></td>", get(as_owner, SEARCH_PATH))[0] == "public"


def test_what_somebody_else_changed_of_the_search_path_is_not_overwritten_unseen(cast: Cast, as_owner: Client) -> None:
    assert as_owner.post(SEARCH_PATH, {"names": "theirs", "seen": ""}).status_code == 302
    refused = as_owner.post(SEARCH_PATH, {"names": "mine", "seen": ""}).content.decode()
    assert "its prefix is theirs now. Save again to replace that with what you entered." in text_of(refused)
    assert as_owner.post(SEARCH_PATH, {"names": "mine", "seen": "theirs"}).status_code == 302
    with isolation.as_tenant(cast.acme.pk):
        assert Workspace.objects.get(pk=cast.fireworks.pk).search_path_prefix == ["mine"]


def test_a_bad_name_in_the_prefix_is_refused(cast: Cast, as_owner: Client) -> None:
    response = as_owner.post(SEARCH_PATH, {"names": "fine\nNot-fine"})
    assert "“Not-fine” is no schema name." in response.content.decode()
    with isolation.as_tenant(cast.acme.pk):
        assert Workspace.objects.get(pk=cast.fireworks.pk).search_path_prefix == []


# Size


@pytest.mark.sweep
def test_pages_ask_as_many_queries_of_a_large_tree_as_of_a_small_one(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_org)
    add(cast, tree.root)
    webs = aggregator(cast, "webs", "web_*")
    folder = node_url(tree.root)
    urls = [CONNECTIONS, CONNECTIONS + "?q=a", folder, folder + "?q=a", folder + "?inside", node_url(tree.web_dev)]
    urls += [IN_USE, IN_USE + "?q=a", IN_USE + "?conflicts", AGGREGATORS, f"{AGGREGATORS}{webs.pk}/", SEARCH_PATH]

    def measure() -> list[tuple[int, int]]:
        figures = []
        for url in urls:
            headers = HTMX if "inside" in url else {}
            with CaptureQueriesContext(connection) as captured:
                size = len(get(as_owner, url, **headers))
            # The last binding is there in tests only, where requests share one transaction.
            asked = [query for query in captured if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))][:-1]
            assert len(asked) <= QUERIES, (url, "\n".join(query["sql"] for query in asked))
            figures.append((len(asked), size))
        return figures

    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree.root, folders=2, connections=10)
        factories.connection(cast.at_org, "loose", folder=tree.root)
    get(as_owner, CONNECTIONS)  # the first page of a session also notes that it is in use
    measure()
    small = measure()
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree.root, folders=30, connections=10_000)
    large = measure()
    assert [queries for queries, _ in large] == [queries for queries, _ in small]
    assert max(size for _, size in large) < 100_000
