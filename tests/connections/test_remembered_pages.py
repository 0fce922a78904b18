"""Pages beside what they would show if nothing were remembered, after all that may change them; all of it committed."""

import re
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from connections import actions, bulk, deletion, manual_nodes, sharing, tree
from connections.models import Aggregator, Connection, Folder
from connections.sharing import Node
from integrations.models import Integration, SyncRun
from integrations.views import detail, frame
from tests import factories
from tests.conftest import Cast, make_cast
from tests.tallied import miscounted
from workspaces import isolation
from workspaces.access import Scope

pytestmark = pytest.mark.django_db(transaction=True)

FORGETFUL = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
OF_ORG = (
    "integrations/main/",
    "integrations/main/picture/?as=chart&by=use",
    "integrations/main/picture/?as=map",
    "integrations/main/delete/",
    "connections/",
    "connections/?q=account",
    "connections/?health=failing&sort=-account",
    "connections/?schema=no&region=eu-central-1",
    "connections/folders/{root}/",
    "connections/folders/{root}/used-by/",
    "search/?q=account",
)
OF_WORKSPACE = (
    "connections/",
    "connections/?q=account",
    "connections/folders/{root}/",
    "connections/in-use/",
    "connections/in-use/?conflicts",
    "connections/in-use/?q=account",
    "aggregators/",
    "aggregators/all_aws/",
    "advanced/search-path/",
)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The cast, committed."""
    return make_cast()


@pytest.fixture
def mirror(cast: Cast) -> Integration:
    """An integration whose connections all workspaces of the organization may use."""
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "main", by=cast.org_owner)
        factories.finished_run(made)
        factories.grow(made.root_folder, folders=3, connections=12)
        sharing.set_grants(made.root_folder, [cast.at_org])
    return made


def steps(cast: Cast, mirror: Integration, place: Scope) -> list[tuple[str, Callable[[], object]]]:
    """Make what people, syncs and tests of access do, one after the other."""
    root, by = mirror.root_folder, cast.org_owner
    accounts = Connection.objects.filter(root=root).order_by("pk")
    row = {"source_id": "ou-new", "title": "New", "handle": "new_ou", "above": root.pk}
    (new,) = tree.allocate_ids(Folder, 1)
    leaf = {"id": None, "source_id": "123123123123", "title": "Account new", "handle": "account_new", "above": new}
    leaf |= {"state": "active", "email": "", "joined_at": None}

    def change(node: Node, *audiences: Scope) -> None:
        seen = sharing.fingerprint(sharing.grants_on(node))
        actions.change_permissions(node=node, audiences=audiences, seen=seen, by=by)

    def moved() -> None:
        first = accounts[0]
        values = {"id": first.pk, "source_id": first.source_id, "title": "Moved", "handle": "moved", "above": root.pk}
        bulk.update_connections([leaf | values | {"state": "suspended"}])

    def path(*names: str) -> None:
        actions.change_search_path(scope=place, prefix=names, seen=(), by=by)

    def by_hand() -> None:
        around = manual_nodes.create_folder(scope=cast.at_org, parent=None, handle="mine", title="Mine", by=by)
        manual_nodes.create_connection(
            scope=cast.at_org, folder=around, handle="own", title="Account own", plugin="aws", by=by
        )

    return [
        ("added to a schema", lambda: actions.add_schema(scope=place, node=root, by=by)),
        ("a sync makes a folder", lambda: bulk.create_folders([{"id": new} | row], root=root.pk, now=timezone.now())),
        ("its path", lambda: tree.rebuild_paths(root.pk)),
        ("a sync makes a connection", lambda: bulk.create_connections([leaf], root=root.pk, now=timezone.now())),
        ("a sync moves one", moved),
        (
            "one fails",
            lambda: accounts.filter(pk=accounts[1].pk).update(health="failing", health_tested_at=timezone.now()),
        ),
        ("an aggregator", lambda: actions.create_aggregator(scope=place, handle="some", patterns=["account*"], by=by)),
        ("one wants its name", lambda: accounts.filter(pk=accounts[2].pk).update(handle="some")),
        ("the search path", lambda: path("moved", "account_new")),
        ("regions", lambda: Folder.objects.filter(pk=new).update(options={"regions": ["us-*"]})),
        ("by hand", by_hand),
        ("no aggregator", lambda: actions.delete_aggregator(scope=place, aggregator=Aggregator.objects.get(), by=by)),
        ("shared with nobody", lambda: change(root)),
        ("shared with one", lambda: change(root, place)),
        ("one vanishes", lambda: bulk.remove_connections([{"id": accounts[3].pk}], now=timezone.now())),
        ("out of the schema", lambda: actions.remove_schema(scope=place, node=root, by=by)),
        ("all is hidden", lambda: deletion.hide_tree(Folder.objects.get(pk=new), now=timezone.now())),
    ]


def read(client: Client, url: str) -> str:
    """Ask for a page; what is another one each time is left out."""
    answer = client.get(url)
    assert answer.status_code in (200, 404), url
    text = re.sub(r'csrfmiddlewaretoken" value="\w+|"X-CSRFToken": "\w+|nonce="[^"]+', "", answer.content.decode())
    return re.sub(r"<time.*?</time>", "", text, flags=re.S)


def test_no_page_shows_what_was(cast: Cast, mirror: Integration, client: Client, settings: Settings) -> None:
    place = Scope(cast.acme, cast.tnt, cast.fireworks)
    org, desk = cast.at_org.url("organization_home"), place.url("connection_list").removesuffix("connections/")
    root = mirror.root_folder_id
    urls = [org + url.format(root=root) for url in OF_ORG] + [desk + url.format(root=root) for url in OF_WORKSPACE]
    client.force_login(cast.org_owner)
    with isolation.as_tenant(cast.acme.pk):
        todo = steps(cast, mirror, place)
    kept = settings.CACHES
    changed = set[str]()
    before = {url: read(client, url) for url in urls}
    for name, act in todo:
        with isolation.as_tenant(cast.acme.pk):
            act()
            assert miscounted() == []
        first = {url: read(client, url) for url in urls}
        settings.CACHES = kept | {"remembered": FORGETFUL}
        anew = {url: read(client, url) for url in urls}
        settings.CACHES = kept
        assert first == anew, name
        if name in ("by hand", "shared with one"):
            assert {url: read(client, url) for url in urls} == anew
        changed |= {url for url in urls if anew[url] != before[url]}
        before = anew
    assert changed == set(urls)


def test_a_page_counts_once_until_something_changes(cast: Cast, mirror: Integration, client: Client) -> None:
    place = Scope(cast.acme, cast.tnt, cast.fireworks)
    with isolation.as_tenant(cast.acme.pk):
        actions.add_schema(scope=place, node=mirror.root_folder, by=cast.org_owner)
    client.force_login(cast.org_owner)
    root = mirror.root_folder
    url = f"{cast.at_org.url('folder_detail', folder=root.pk)}used-by/"

    def queries() -> int:
        with CaptureQueriesContext(database) as asked:
            assert client.get(url).status_code == 200
        return len(asked)

    queries()  # of a session that has just begun
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(cast.at_org, "One more", folder=root)
    first = queries()
    assert [queries(), queries()] == [first - 5] * 2  # who uses it, what that would lose, and who may
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(cast.at_org, "New", folder=root)
    assert queries() == first


def test_a_sync_that_ends_while_its_page_is_begun_is_in_the_tree_beside_its_end(
    cast: Cast, mirror: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    client.force_login(cast.org_owner)
    url = cast.at_org.url("integration_detail", integration="main")
    assert "Overnight" not in client.get(url).content.decode()
    read = frame.latest_status

    def after_a_commit(*arguments: Any) -> Any:
        def elsewhere() -> None:
            with isolation.as_tenant(cast.acme.pk):
                factories.connection(cast.at_org, "Overnight", folder=mirror.root_folder)
                SyncRun.objects.update(finished_at=timezone.now())
            database.close()

        other = Thread(target=elsewhere)
        other.start()
        other.join()
        return read(*arguments)

    monkeypatch.setattr(detail, "latest_status", after_a_commit)
    assert "Overnight" in client.get(url).content.decode()
