"""A delegate of folders and connections: what opens, what is refused next door, and what lists have."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections import actions, sharing
from connections.models import Connection, Folder, FolderDelegation, Grant
from integrations.nodes.account_access import create_connection
from tests import factories
from tests.conftest import Cast
from tests.programs import ProgramOf, program
from workspaces import isolation
from workspaces.access import Access
from workspaces.delegation.verbs import Verb
from workspaces.models import Membership
from workspaces.people import delegates

__all__ = ["program"]
URL = "/tenants/acme/orgs/tnt"
LIST = f"{URL}/connections/"


@pytest.fixture
def tree(cast: Cast) -> dict[str, Any]:
    """top / (mine / (deep / leaf, own), next_door / theirs), and alone at the top."""
    with isolation.as_tenant(cast.acme.pk):
        made: dict[str, Any] = {"top": factories.folder(cast.at_org, "Top")}
        for name, above in (("mine", "top"), ("deep", "mine"), ("next_door", "top")):
            made[name] = factories.folder(cast.at_org, name, parent=made[above])
        for name, above in (("leaf", "deep"), ("own", "mine"), ("theirs", "next_door")):
            made[name] = create_connection(
                scope=cast.at_org, folder=made[above], handle=name, title="", by=cast.org_owner
            )
        made["alone"] = create_connection(scope=cast.at_org, folder=None, handle="alone", title="", by=cast.org_owner)
    return made


@pytest.fixture
def give(cast: Cast) -> Callable[..., None]:
    def give(thing: Folder | Connection, *verbs: Verb) -> None:
        with isolation.as_tenant(cast.acme.pk):
            owner = Access(cast.org_owner, cast.at_org, tuple(Membership.objects.filter(user=cast.org_owner)))
            delegates.delegate(access=owner, thing=thing, user=cast.org_member, verbs=verbs)

    return give


@pytest.fixture
def member(cast: Cast, client: Client) -> Client:
    client.force_login(cast.org_member)
    return client


def url_of(node: Folder | Connection, page: str = "") -> str:
    return f"{LIST}{'folders/' if isinstance(node, Folder) else ''}{node.pk}/{page}"


def html(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status, url
    return response.content.decode()


def seen_on(page: str) -> str:
    """Read what the form says that its page showed."""
    found = re.search(r'name="seen"(?: value="([^"]*)")?', page)
    assert found
    return found[1] or ""


def links(text: str) -> set[str]:
    main = text[text.index("<main") :]
    return set(re.findall(r'(?:href|action|formaction|hx-get|data-tree-toggle)="([^"#?]+)', main))


def test_a_sharer_shares_their_own_folder_and_nothing_else(
    cast: Cast, tree: dict[str, Any], give: Callable[..., None], member: Client
) -> None:
    assert member.get(LIST).status_code == 403
    give(tree["mine"], Verb.SHARE_FOLDER)
    give(tree["alone"], Verb.SHARE_CONNECTION)
    page = html(member, LIST)
    assert "next_door" not in page
    assert f'href="{LIST}"' in page[: page.index("<main")]
    assert {url_of(tree["mine"]), url_of(tree["alone"])} <= links(page)
    assert url_of(tree["top"]) not in links(page)

    sharing = url_of(tree["deep"], "permissions/")
    assert member.get(sharing).status_code == 200
    sent = {"choice": "all", "seen": seen_on(html(member, sharing))}
    assert member.post(sharing, sent).status_code == 302
    with isolation.as_tenant(cast.acme.pk):
        grant = Grant.objects.get()
        assert (grant.folder, grant.created_by) == (tree["deep"], cast.org_member)
    for node, pages in {
        "next_door": ("", "settings/", "permissions/", "config/"),
        "top": ("", "permissions/"),
        "theirs": ("", "permissions/"),
        "mine": ("config/", "delegates/", "used-by/", "advanced/", "delete/"),
        "alone": ("access/", "advanced/", "delegates/", "delete/"),
    }.items():
        for page_name in pages:
            refused = member.get(url_of(tree[node], page_name))
            assert refused.status_code == 403, (node, page_name)
            assert "Ask an owner of acme/tnt" in refused.content.decode()
            assert member.post(url_of(tree[node], page_name), sent).status_code == 403


def test_every_link_that_a_delegate_sees_opens_to_them(
    tree: dict[str, Any], give: Callable[..., None], member: Client
) -> None:
    give(tree["mine"], Verb.SHARE_FOLDER)
    give(tree["deep"], Verb.CONFIGURE_FOLDER)
    give(tree["alone"], Verb.CONFIGURE_CONNECTION)
    seen, waiting = set[str](), {LIST, f"{LIST}?kind=connection", f"{URL}/"}
    while waiting:
        url = waiting.pop()
        seen.add(url)
        response = member.get(url)
        assert response.status_code in (200, 302, 405), url  # what takes a form alone does not answer this
        if response.status_code == 200 and "html" in response.headers["Content-Type"]:
            text = response.content.decode()
            assert "next_door" not in text
            assert "theirs" not in text
            waiting |= {one for one in links(text) if one.startswith(LIST)} - seen
    assert url_of(tree["leaf"], "config/") not in seen  # it is made by hand, and so has the page of its access
    assert {
        url_of(tree["leaf"], "access/"),
        url_of(tree["deep"], "config/"),
        url_of(tree["own"], "permissions/"),
    } <= seen


def test_what_is_configured_has_no_access_to_aws_and_no_deletion(
    cast: Cast, tree: dict[str, Any], give: Callable[..., None], member: Client
) -> None:
    give(tree["alone"], Verb.CONFIGURE_CONNECTION)
    renaming = url_of(tree["alone"], "advanced/")
    assert "Delete" not in html(member, renaming)
    assert member.post(renaming, {"handle": "renamed", "title": ""}).status_code == 302
    with isolation.as_tenant(cast.acme.pk):
        assert Connection.objects.get(pk=tree["alone"].pk).handle == "renamed"
    assert member.get(url_of(tree["alone"], "permissions/")).status_code == 403


def test_many_are_chosen_of_what_is_held_and_nothing_is_said_of_others(
    cast: Cast, tree: dict[str, Any], give: Callable[..., None], member: Client
) -> None:
    give(tree["mine"], Verb.SHARE_FOLDER)
    give(tree["alone"], Verb.CONFIGURE_CONNECTION)
    url = f"{LIST}many/permissions/"
    ticked = {"connection": [tree["theirs"].pk, tree["alone"].pk, tree["leaf"].pk], "folder": [tree["top"].pk]}
    assert "Permissions of 1 connection" in member.post(url, ticked).content.decode()
    everything = {"all": "1", "filter": "kind=connection", "below": ""}
    assert "Permissions of 2 connections" in member.post(url, everything).content.decode()
    below = everything | {"below": str(tree["next_door"].pk)}
    assert member.post(url, below).status_code == 302
    assert member.post(f"{LIST}many/schema/", ticked).status_code == 403
    listed = html(member, f"{LIST}?kind=connection")
    assert "Options" in listed
    assert "Add to schema" not in listed
    export = b"".join(member.get(f"{LIST}export/").streaming_content).decode()  # type: ignore[attr-defined]
    assert "leaf" in export
    assert "theirs" not in export


def test_what_is_taken_away_while_the_page_is_open_is_refused_with_a_reason(
    cast: Cast, tree: dict[str, Any], give: Callable[..., None], member: Client
) -> None:
    give(tree["mine"], Verb.SHARE_FOLDER)
    url = url_of(tree["mine"], "permissions/")
    sent = {"choice": "all", "seen": seen_on(html(member, url))}
    with isolation.as_tenant(cast.acme.pk):
        owner = Access(cast.org_owner, cast.at_org, tuple(Membership.objects.filter(user=cast.org_owner)))
        delegates.end(access=owner, thing=tree["mine"], user=cast.org_member, verbs=[Verb.SHARE_FOLDER])
    refused = member.post(url, sent)
    assert refused.status_code == 403
    assert "You need to be an owner of acme/tnt for this." in refused.content.decode()
    with isolation.as_tenant(cast.acme.pk):
        assert not Grant.objects.exists()


@pytest.mark.parametrize("page", ["", "?kind=connection", "?q=leaf"])
def test_a_delegates_list_asks_as_often_at_any_size(
    cast: Cast, tree: dict[str, Any], give: Callable[..., None], member: Client, page: str
) -> None:
    give(tree["mine"], Verb.SHARE_FOLDER)
    html(member, LIST)  # its session is noted
    with CaptureQueriesContext(connection) as few:
        html(member, LIST + page)
    with isolation.as_tenant(cast.acme.pk):
        for number in range(30):
            inner = factories.folder(cast.at_org, f"Inner {number}", parent=tree["mine"])
            factories.connection(cast.at_org, f"leaf {number}", folder=inner)
    with CaptureQueriesContext(connection) as many:
        html(member, LIST + page)
    assert len(many) == len(few)
    assert len([one for one in many if "workspaces_tenantdelegation" in one["sql"]]) == 1


def test_nobody_captures_the_id_of_another_connection(
    cast: Cast, tree: dict[str, Any], give: Callable[..., None], member: Client, program: ProgramOf
) -> None:
    give(tree["alone"], Verb.CONFIGURE_CONNECTION)
    with isolation.as_tenant(cast.acme.pk):
        mine, theirs = (Connection.objects.get(pk=tree[name].pk) for name in ("alone", "theirs"))
    delegate, owner = program(cast.org_member), program(cast.org_owner)
    refused = delegate("PATCH", f"/org/tnt/connection/{mine.public_id}", {"handle": theirs.public_id})
    assert refused.status_code == 400
    assert "looks like an id" in refused.json()["detail"]
    sent = {"handle": theirs.public_id, "title": ""}
    assert "looks like an id" in member.post(url_of(mine, "advanced/"), sent).content.decode()
    with isolation.as_tenant(cast.acme.pk):  # as an account that is called so in AWS
        Connection.objects.filter(pk=mine.pk).update(handle=theirs.public_id)
    assert owner("GET", f"/org/tnt/connection/{theirs.public_id}").json()["id"] == theirs.public_id
    assert owner("DELETE", f"/org/tnt/connection/{theirs.public_id}").json()["id"] == theirs.public_id


def test_a_sharer_learns_of_workspaces_that_they_may_not_enter_only_how_many_there_are(
    cast: Cast, tree: dict[str, Any], give: Callable[..., None], member: Client
) -> None:
    give(tree["mine"], Verb.SHARE_FOLDER)
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree["mine"], [cast.at_workspace])
        live = factories.connection(cast.at_org, "Live", folder=tree["mine"])
        actions.add_schema(scope=cast.at_workspace, node=live, by=cast.org_owner)
    sent = {"folder": tree["mine"].pk, "how": "set", "choice": "none"}
    page = member.post(f"{LIST}many/permissions/", sent).content.decode()
    assert "1 workspace is affected; 1 of them loses schemas" in page
    assert "1 workspace that you may not enter" in page
    assert "fireworks" not in page
    url = url_of(tree["mine"], "permissions/")
    alone = {"choice": "none", "seen": seen_on(html(member, url))}
    asked = member.post(url, alone).content.decode()
    impact = re.search(r'name="seen_impact" value="([^"]*)"', asked)
    assert impact
    done = member.post(url, alone | {"seen_impact": impact[1]}, follow=True).content.decode()
    assert "1 workspace that you may not enter is affected." in done
    assert "from fireworks" not in done


def test_a_verb_of_a_later_version_opens_nothing_and_breaks_nothing(
    cast: Cast, tree: dict[str, Any], give: Callable[..., None], member: Client
) -> None:
    give(tree["mine"], Verb.SHARE_FOLDER)
    with isolation.as_tenant(cast.acme.pk):
        later = Permission.objects.get(content_type__model="folder", codename="change_folder")
        FolderDelegation.objects.update(permission=later)
    assert member.get(LIST).status_code == 403
    owner = Client()
    owner.force_login(cast.org_owner)
    assert "Nothing is delegated here" in html(owner, url_of(tree["mine"], "delegates/"))
    assert html(owner, f"{URL}/people/delegates/")
