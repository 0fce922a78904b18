"""Which schema has a name that two of a workspace want, and what that means to the search path and to ``all_aws``."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from connections.models import Connection, ConnectionState, Folder, Schema
from tests import factories
from tests.conftest import Cast
from tests.connections.schemas.test_pages import (
    AGGREGATORS,
    IN_USE,
    SEARCH_PATH,
    Tree,
    add,
    aggregator,
    as_owner,
    get,
    node_url,
    same_name,
    share,
    text_of,
    tree,
)
from workspaces import isolation
from workspaces.handles import how_to_write

__all__ = ["as_owner", "tree"]  # fixtures


def conflicts(client: Client) -> list[str]:
    """The sentences about conflicts in what is in use."""
    return re.findall(r"The name \w+ is taken by [^.]*\.", text_of(get(client, IN_USE)))


def test_a_newcomer_in_an_added_folder_takes_no_name_from_what_was_there_before(
    cast: Cast, tree: Tree, as_owner: Client
) -> None:
    share(cast, tree.prod, cast.at_workspace)
    add(cast, tree.prod)
    made = aggregator(cast, "vault", "web_*")
    with isolation.as_tenant(cast.acme.pk):
        newcomer = factories.connection(cast.at_org, "vault", folder=tree.prod, handle="vault")
        Schema.objects.update(added_at=timezone.now() - timedelta(days=60))
    assert conflicts(as_owner) == ["The name vault is taken by an aggregator that was made earlier."]
    assert "is taken by an aggregator" in get(as_owner, node_url(newcomer))
    assert "is taken by" not in get(as_owner, f"{AGGREGATORS}{made.pk}/").split("Unites now")[0]


def test_a_name_that_a_connection_has_is_no_aggregator_in_the_search_path(
    cast: Cast, tree: Tree, as_owner: Client
) -> None:
    share(cast, tree.prod, cast.at_workspace)
    add(cast, tree.prod)
    aggregator(cast, "web_prod", "*_prod")
    aggregator(cast, "webs", "*_prod")
    html = get(as_owner, SEARCH_PATH)
    order = re.findall(r"<td><code>(\w+)</code></td>", html)
    assert order == ["public", "all_aws", "webs", "api_prod", "web_prod"]
    assert re.findall(r"web_prod</code></td>\s*<td[^>]*>\s*(\w+)", html) == ["Connection"]
    assert as_owner.post(SEARCH_PATH, {"names": "web_prod"}).status_code == 302
    html = get(as_owner, SEARCH_PATH)
    assert re.findall(r"web_prod</code></td>\s*<td[^>]*>\s*(\w+)", html) == ["Connection"]


def test_all_aws_is_in_nobodys_way_before_it_is_there(cast: Cast, as_owner: Client) -> None:
    add(cast, same_name(cast, "all_aws", cast.at_org))
    assert conflicts(as_owner) == []
    assert "schema has a name that another" not in text_of(get(as_owner, IN_USE))
    assert "all_aws" not in get(as_owner, IN_USE + "?conflicts").split('id="list"')[1]
    assert re.findall(r"<td><code>(\w+)</code></td>", get(as_owner, SEARCH_PATH)) == ["public", "all_aws"]
    add(cast, same_name(cast, "other", cast.at_org))
    (sentence,) = conflicts(as_owner)
    assert "the schema that every workspace has by itself" in sentence
    assert "1 schema has a name that another schema had first" in text_of(get(as_owner, IN_USE))


def test_an_aggregator_may_keep_a_pattern_that_matches_nothing_any_more(
    cast: Cast, tree: Tree, as_owner: Client
) -> None:
    share(cast, tree.prod, cast.at_workspace)
    add(cast, tree.prod)
    made = aggregator(cast, "gone", "old_*", "web_*")
    url = f"{AGGREGATORS}{made.pk}/"
    values = {"handle": "kept", "patterns": "old_*\nweb_*", "seen": "gone old_* web_*"}
    assert as_owner.post(url, values).status_code == 302


def test_a_removed_folder_is_not_in_use_and_is_again_when_it_returns(cast: Cast, tree: Tree, as_owner: Client) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.prod)
    with isolation.as_tenant(cast.acme.pk):
        for model in (Folder, Connection):
            model.objects.filter(title__in=["Prod", "web_prod", "api_prod"]).update(removed_at=timezone.now())
    assert f"folders/{tree.prod.pk}/" not in get(as_owner, IN_USE)
    with isolation.as_tenant(cast.acme.pk):
        Folder.objects.update(removed_at=None)
        Connection.objects.update(removed_at=None)
    assert f"folders/{tree.prod.pk}/" in get(as_owner, IN_USE)
    assert "web_prod" in get(as_owner, IN_USE)


@pytest.mark.parametrize("handle", ["public", "all_aws"])
def test_a_connection_is_not_given_a_name_that_every_workspace_has(
    cast: Cast, tree: Tree, as_org_owner: Client, handle: str
) -> None:
    base = "/tenants/acme/orgs/tnt/connections/"
    sentence = f"“{handle}” is a schema that workspaces have by themselves"
    assert sentence in as_org_owner.post(base + "new/", {"handle": handle}).content.decode()
    assert sentence in as_org_owner.post(f"{base}{tree.web_prod.pk}/handle/", {"handle": handle}).content.decode()
    with isolation.as_tenant(cast.acme.pk):
        old = factories.connection(cast.at_org, "Old", handle=handle)
    answer = as_org_owner.post(f"{base}{old.pk}/advanced/", {"handle": handle, "title": "Older"})
    assert answer.status_code == 302, "what has it already may keep it"
    assert as_org_owner.post(base + "folders/new/", {"handle": handle}).status_code == 302, "folders are no schemas"


SYSTEM = [("pg_x", "PostgreSQL"), ("steampipe_x", "Steampipe"), ("information_schema", "PostgreSQL itself")]


@pytest.mark.parametrize(("handle", "owner"), SYSTEM)
def test_a_name_that_no_schema_can_have_is_given_to_nothing(
    cast: Cast, tree: Tree, as_org_owner: Client, handle: str, owner: str
) -> None:
    base = "/tenants/acme/orgs/tnt/connections/"
    for url, values in (
        (base + "new/", {"handle": handle}),
        (f"{base}{tree.web_prod.pk}/handle/", {"handle": handle}),
        (AGGREGATORS + "new/", {"handle": handle, "patterns": "*"}),
    ):
        html = as_org_owner.post(url, values).content.decode()
        assert owner in html, url
        assert "Choose another handle." in html, url
    assert as_org_owner.post(base + "folders/new/", {"handle": handle}).status_code == 302, "folders are no schemas"


@pytest.mark.parametrize(("handle", "owner"), SYSTEM)
def test_what_has_such_a_name_from_before_is_shown_with_what_to_do_and_is_not_on_the_search_path(
    cast: Cast, as_owner: Client, handle: str, owner: str
) -> None:
    node = same_name(cast, handle, cast.at_org)
    add(cast, node)
    for url in (IN_USE, IN_USE + "?conflicts", node_url(node)):
        html = text_of(get(as_owner, url))
        assert owner in html, url
        assert "Its owner can give it another handle" in html, url
    assert "1 schema has a name that another schema had first, or that no schema can have" in text_of(
        get(as_owner, IN_USE)
    )
    assert f"<code>{handle}</code>" not in get(as_owner, SEARCH_PATH)


@pytest.mark.parametrize(("handle", "owner"), SYSTEM)
def test_who_owns_what_has_such_a_name_reads_what_to_do_where_it_is_changed(
    cast: Cast, as_org_owner: Client, handle: str, owner: str
) -> None:
    node = same_name(cast, handle, cast.at_org)
    for page in ("", "advanced/"):
        html = text_of(get(as_org_owner, f"/tenants/acme/orgs/tnt/connections/{node.pk}/{page}"))
        assert owner in html, page
        assert "Give this connection another handle" in html, page


@pytest.mark.parametrize("word", ["user", "default", "left"])
def test_a_word_of_sql_is_a_name_with_a_hint(cast: Cast, as_owner: Client, word: str) -> None:
    node = same_name(cast, word, cast.at_org)
    add(cast, node)
    for url in (IN_USE, node_url(node)):
        assert f"write this name in double quotes: &quot;{word}&quot;" in get(as_owner, url), url
    assert conflicts(as_owner) == []


@pytest.mark.django_db
def test_every_word_that_postgresql_reserves_has_the_hint() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')")
        words = [word for (word,) in cursor.fetchall()]
    assert [word for word in words if not how_to_write(word)] == []
    assert how_to_write("prod") == how_to_write("name") == ""


# What cannot be used


def disable(cast: Cast, *nodes: Connection, state: ConnectionState = ConnectionState.SUSPENDED) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk__in=[node.pk for node in nodes]).update(state=state)


UNUSABLE = [state for state in ConnectionState if state.why_disabled]


@pytest.mark.parametrize("state", UNUSABLE)
def test_what_cannot_be_used_stays_in_use_and_is_not_united_nor_on_the_search_path(
    cast: Cast, tree: Tree, as_owner: Client, state: ConnectionState
) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.root)
    made = aggregator(cast, "webs", "web_*")
    url = f"{AGGREGATORS}{made.pk}/"
    disable(cast, tree.web_prod, state=state)
    html = get(as_owner, IN_USE)
    assert "web_prod" in html
    assert "3 connections, 1 of them disabled" in text_of(html)
    assert "2 connections, 1 of them disabled" in text_of(get(as_owner, AGGREGATORS))
    assert "3 connections, 1 of them disabled" in text_of(get(as_owner, AGGREGATORS))  # all_aws
    html = text_of(get(as_owner, url))
    assert "Unites now: 1 connection" in html
    assert "Matches 2 connections, 1 of them disabled." in html
    assert path_of(as_owner) == ["public", "all_aws", "webs", "api_prod", "web_dev"]
    disable(cast, tree.web_dev, state=state)
    assert path_of(as_owner) == ["public", "webs", "api_prod"]
    assert "all_aws" not in get(as_owner, IN_USE)
    assert "2 connections, all of them disabled" in text_of(get(as_owner, AGGREGATORS))
    disable(cast, tree.web_dev, tree.web_prod, state=ConnectionState.ACTIVE)
    assert path_of(as_owner) == ["public", "all_aws", "webs", "api_prod", "web_dev", "web_prod"]
    assert "Unites now: 2 connections" in text_of(get(as_owner, url))
    assert "disabled" not in text_of(get(as_owner, url)).split("Delete")[0]


def test_a_name_that_people_typed_into_the_search_path_says_that_it_is_disabled(
    cast: Cast, tree: Tree, as_owner: Client
) -> None:
    share(cast, tree.root, cast.at_workspace)
    add(cast, tree.root)
    assert as_owner.post(SEARCH_PATH, {"names": "web_prod nothing"}).status_code == 302
    disable(cast, tree.web_prod)
    assert path_of(as_owner)[:2] == ["web_prod", "nothing"]
    html = text_of(get(as_owner, SEARCH_PATH))
    assert "web_prod Disabled, so not looked up now" in html
    assert "nothing No schema has this name now" in html


def path_of(client: Client) -> list[str]:
    """The names of the search path in their order."""
    return re.findall(r"<td><code>(\w+)</code></td>", get(client, SEARCH_PATH))
