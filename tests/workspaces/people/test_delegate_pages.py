"""The pages on which owners see, add and remove delegates."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import Connection, Folder
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.delegation.held import read
from workspaces.delegation.verbs import Verb

URL = "/tenants/acme/orgs/tnt"


def text_of(response: object) -> str:
    html: str = response.content.decode()  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def add(client: Client, url: str, who: str, *verbs: str) -> str:
    return text_of(client.post(url, {"who": who, "verbs": verbs}, follow=True))


def verbs_of(cast: Cast) -> set[Verb]:
    with isolation.as_tenant(cast.acme.pk):
        return {one.verb for one in read(cast.org_member.pk, cast.acme.pk)}


def test_an_owner_adds_and_removes_delegates_of_an_integration(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(factories.integration(cast.at_org, "aws", by=cast.org_owner))
    url = f"{URL}/integrations/aws/advanced/delegates/"
    assert "Nothing is delegated here" in text_of(as_org_owner.get(url))
    said = add(as_org_owner, url, "Org-Member", "view_integration", "approve_removals")
    assert "approve or discard what a sync would remove" in said
    assert verbs_of(cast) == {Verb.VIEW_INTEGRATION, Verb.APPROVE_REMOVALS}
    assert "may already" in add(as_org_owner, url, "org-member@example.com", "view_integration")
    advanced = text_of(as_org_owner.get(f"{URL}/integrations/aws/advanced/"))
    assert "org-member" in advanced
    row = {"do": "end", "user": cast.org_member.pk, "verb": "view_integration"}
    assert "may no longer see the integration" in text_of(as_org_owner.post(url, row, follow=True))
    assert verbs_of(cast) == {Verb.APPROVE_REMOVALS}
    assert "taken away already" in text_of(as_org_owner.post(url, row, follow=True))
    assert "taken away already" in text_of(as_org_owner.post(url, row | {"verb": "fly", "user": "x"}, follow=True))


@pytest.mark.parametrize(
    ("who", "verbs", "sentence"),
    [
        ("", ["share_folder"], "Enter the handle or email of a member."),
        ("nobody", ["share_folder"], "Nobody in acme has the handle or email “nobody”."),
        ("stranger", ["share_folder"], "Nobody in acme has the handle or email “stranger”."),
        ("tenant-member", ["share_folder"], "is no member of acme/tnt. Add them at its People first."),
        ("tenant-owner", ["share_folder"], "owns acme/tnt and may do everything there already."),
        ("org-member", [], "Choose what they may do."),
        ("org-member", ["sync_integration"], "Choose from this list."),
    ],
)
def test_what_is_refused_says_what_to_do_and_keeps_what_was_typed(
    cast: Cast, as_org_owner: Client, who: str, verbs: list[str], sentence: str
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = factories.folder(cast.at_org, "Top")
    url = f"{URL}/connections/folders/{folder.pk}/delegates/"
    page = as_org_owner.post(url, {"who": who, "verbs": verbs})
    assert sentence in text_of(page).replace("\u2068", "").replace("\u2069", "")
    assert f'value="{who}"' in page.content.decode() or not who
    assert verbs_of(cast) == set()


def test_what_is_inherited_leads_to_where_it_can_be_removed(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(cast.at_org, "Top")
        leaf = factories.connection(cast.at_org, "Leaf", folder=factories.folder(cast.at_org, "Inner", parent=top))
    tops, leafs = (f"{URL}/connections/{part}/delegates/" for part in (f"folders/{top.pk}", leaf.pk))
    add(as_org_owner, tops, "org-member", "share_folder")
    page = as_org_owner.get(leafs).content.decode()
    assert "hange Permissions of the folder and all below it" in page
    assert f'href="{tops}"' in page
    assert 'value="end"' not in page
    as_org_owner.post(leafs, {"do": "end", "user": cast.org_member.pk, "verb": "share_folder"})
    assert verbs_of(cast) == {Verb.SHARE_FOLDER}
    with isolation.as_tenant(cast.acme.pk):
        Folder.objects.filter(pk=top.pk).update(removed_at=timezone.now())
        Connection.objects.filter(pk=leaf.pk).update(folder=None)
    assert "Nothing is delegated here" in text_of(as_org_owner.get(leafs))


def test_places_have_delegates_of_their_own(cast: Cast, as_org_owner: Client) -> None:
    at_workspace = f"{URL}/workspaces/fireworks/people/delegates/"
    assert "manage" not in add(as_org_owner, f"{URL}/people/delegates/", "org-member", "view_audit_log")
    assert "aggregators and the search path" in add(as_org_owner, at_workspace, "org-member", "manage_schemas")
    assert verbs_of(cast) == {Verb.VIEW_AUDIT_LOG, Verb.MANAGE_SCHEMAS}
    log = text_of(as_org_owner.get(f"{URL}/activity/"))
    assert re.search("delegated to org-member@example.com of +tnt *: view audit log", log)
