"""A delegate's day on one integration: they see it, and do what each verb adds and nothing else."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections import actions, sharing
from connections.models import Folder
from integrations.models import Integration, SyncRun
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Access, Scope
from workspaces.delegation.verbs import VERBS_OF, Verb
from workspaces.models import Membership, User
from workspaces.people import delegates

LIST = "/tenants/acme/orgs/tnt/integrations/"
MAIN = f"{LIST}main/"


def text_of(response: object) -> str:
    html: str = response.content.decode()  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def leads_to(response: object) -> set[str]:
    """Give where the links, forms and buttons of a page lead, below the list of integrations or to nodes."""
    html: str = response.content.decode()  # type: ignore[attr-defined]
    found = re.findall(r'(?:href|action|formaction|data-tree-toggle)="(/tenants/acme/orgs/tnt/[^"?#]*)', html)
    return {url.removeprefix("/tenants/acme/orgs/tnt/") for url in found}


@pytest.fixture
def owner(cast: Cast) -> Access:
    with isolation.as_tenant(cast.acme.pk):
        mine = Membership.objects.filter(user=cast.org_owner, tenant=cast.acme)
        return Access(cast.org_owner, cast.at_org, tuple(mine))


@pytest.fixture
def main(cast: Cast) -> Integration:
    """An integration with an OU, an account in it, a sync that asks, and another integration beside it."""
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "main", by=cast.org_owner)
        unit = factories.folder(cast.at_org, "Labs", parent=made.root_folder)
        vault = factories.connection(cast.at_org, "Vault", folder=unit)
        fireworks = Scope(cast.acme, cast.tnt, cast.fireworks)
        sharing.set_grants(vault, [fireworks])
        actions.add_schema(scope=fireworks, node=vault, by=cast.org_owner)
        gone = [["remove", "connection", vault.source_id, "Vault", "Root", ""]]
        factories.finished_run(
            made,
            changes=gone,
            removals=[vault.source_id],
            state=SyncRun.State.NEEDS_APPROVAL,
            error="It would remove 6 of 20 connections.",
        )
        factories.finished_run(factories.integration(cast.at_org, "secret-one", by=cast.org_owner))
        return made


def give(owner: Access, main: Integration, to: User, *verbs: Verb) -> None:
    with isolation.as_tenant(owner.scope.tenant.pk):
        assert delegates.delegate(access=owner, thing=main, user=to, verbs=verbs)


def runs_of(main: Integration) -> list[SyncRun]:
    with isolation.as_tenant(main.tenant_id):
        return list(main.runs.order_by("pk"))


def test_a_day(cast: Cast, owner: Access, main: Integration, client: Client) -> None:
    client.force_login(cast.org_member)
    me = client
    home = me.get("/tenants/acme/orgs/tnt/")
    assert "integrations/" not in leads_to(home)
    assert me.get(LIST).status_code == me.get(MAIN).status_code == 403

    give(owner, main, cast.org_member, Verb.VIEW_INTEGRATION)
    assert "integrations/" in leads_to(me.get("/tenants/acme/orgs/tnt/"))
    own = {"integrations/", "integrations/main/"}
    listed = me.get(LIST)
    assert "secret-one" not in text_of(listed)
    assert _beside_the_place(leads_to(listed)) == own
    asked = me.get(LIST, headers={"HX-Request": "true", "HX-Target": "waiting"})
    assert "Waiting for you" not in text_of(asked)
    assert "secret-one" not in text_of(asked)
    with isolation.as_tenant(cast.acme.pk):
        labs = f"integrations/main/folders/{Folder.objects.get(parent=main.root_folder).pk}/"
    seen = me.get(MAIN)
    assert "Labs" in text_of(seen)
    assert "It would remove" in text_of(seen)
    assert _beside_the_place(leads_to(seen)) == {"integrations/", labs, "integrations/main/picture/"}
    inside = me.get(f"/tenants/acme/orgs/tnt/{labs}?inside", headers={"HX-Request": "true"})
    assert "Vault" in text_of(inside)
    assert leads_to(inside) == set()
    folder = me.get(f"/tenants/acme/orgs/tnt/{labs}")
    assert "Vault" in text_of(folder)
    assert _beside_the_place(leads_to(folder)) == own
    assert "Vault" in text_of(me.get(f"{MAIN}?kind=connection"))
    pictured = leads_to(me.get(f"{MAIN}picture/"))
    assert not [url for url in pictured if url.startswith("connections/")]
    refused = me.post(f"{MAIN}sync/", {"anyway": ""})
    assert refused.status_code == 403
    assert "Ask an owner of acme/tnt" in text_of(refused)

    run = runs_of(main)[0]
    question = f"{MAIN}processes/{run.number}/"
    assert me.get(question).status_code == 403
    give(owner, main, cast.org_member, Verb.SYNC_INTEGRATION)
    assert f"integrations/main/processes/{run.number}/" in leads_to(me.get(MAIN))
    assert "waits for the approval of somebody" in text_of(me.post(f"{MAIN}sync/", follow=True))
    looked = me.get(question)
    assert "1 workspace that you may not enter, which loses something." in text_of(looked)
    assert "fireworks" not in text_of(looked)
    assert b'value="approve"' not in looked.content
    refused = me.post(question, {"do": "approve"})
    assert refused.status_code == 403
    assert "To approve or discard what a sync would remove you need to be an owner of acme/tnt" in text_of(refused)
    assert me.get(f"{MAIN}config/").status_code == me.get(f"{MAIN}advanced/").status_code == 403
    assert "was started" in text_of(me.post(f"{MAIN}sync/", {"anyway": ""}, follow=True))
    asked_for = runs_of(main)[1]
    assert (asked_for.trigger, asked_for.started_by) == (SyncRun.Trigger.SCHEDULED, cast.org_member)
    asked_for.started_at = asked_for.queued_at
    assert not asked_for.is_attended  # it is held to the deletion limit, as one of the schedule is
    said = text_of(me.get(f"{MAIN}processes/"))
    assert f"Sync Integration ( {cast.org_member} )" in said
    shown = text_of(me.get(f"{MAIN}processes/{asked_for.number}/"))
    assert f"Started by Sync Integration, {cast.org_member}" in shown

    give(owner, main, cast.org_member, Verb.APPROVE_REMOVALS)
    open_page = me.get(question)
    assert b'value="approve"' in open_page.content
    assert "integrations/main/advanced/" not in leads_to(open_page)
    with isolation.as_tenant(cast.acme.pk):
        assert delegates.end(access=owner, thing=main, user=cast.org_member, verbs=VERBS_OF["integration"])
    refused = me.post(question, {"do": "approve"})
    assert refused.status_code == 403
    assert "You need to be an owner of acme/tnt for this." in text_of(refused)
    assert me.get(MAIN).status_code == 403
    assert runs_of(main)[0].state == SyncRun.State.NEEDS_APPROVAL

    give(owner, main, cast.org_member, Verb.APPROVE_REMOVALS)
    assert me.post(f"{MAIN}sync/").status_code == 403
    assert me.post(question, {"do": "approve"}).status_code == 302
    assert runs_of(main)[0].state == SyncRun.State.APPROVED


def test_pages_ask_no_more_of_the_database_than_those_of_owners_however_large_the_tree(
    cast: Cast, owner: Access, main: Integration, client: Client
) -> None:
    client.force_login(cast.org_member)
    give(owner, main, cast.org_member, *VERBS_OF["integration"])
    with isolation.as_tenant(cast.acme.pk):
        labs = Folder.objects.get(parent=main.root_folder)
    run = f"processes/{runs_of(main)[0].number}/"
    pages = ("", f"folders/{labs.pk}/", "?kind=connection", "picture/", "processes/", run, "config/", "advanced/")
    client.get(MAIN)  # the session is seen

    def queries() -> dict[str, int]:
        return {url: _count(client, url) for url in (LIST, *(MAIN + page for page in pages))}

    with isolation.as_tenant(cast.acme.pk):
        factories.grow(labs, folders=2, connections=10)
    few = queries()
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(labs, folders=60, connections=1000)
    many = queries()
    assert {url: number for url, number in many.items() if number > few[url]} == {}
    client.force_login(cast.org_owner)
    client.get(MAIN)
    mine = {url: _count(client, url) for url in many if "folders" not in url}
    assert {url: many[url] for url in mine if many[url] > mine[url]} == {}


def _count(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len([query for query in captured if "SAVEPOINT" not in query["sql"]])


def test_what_a_delegate_finds_and_is_not_told(cast: Cast, owner: Access, main: Integration, client: Client) -> None:
    client.force_login(cast.org_member)
    search = "/tenants/acme/orgs/tnt/search/"
    assert "integrations/main/" not in leads_to(client.get(search, {"q": "main"}))
    give(owner, main, cast.org_member, Verb.CONFIGURE_INTEGRATION)
    assert "integrations/main/" in leads_to(client.get(search, {"q": "main"}))
    assert "integrations/secret-one/" not in leads_to(client.get(search, {"q": "secret"}))
    assert "New Integration" not in text_of(client.get(search, {"q": "integration"}))
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(source_organization_id="o-acme123456")
    said = text_of(client.get(f"{MAIN}config/"))
    assert "Another integration of acme mirrors this AWS organization" in said
    assert "secret-one" not in said


def _beside_the_place(urls: set[str]) -> set[str]:
    return {url for url in urls if url.startswith(("integrations/", "connections/", "activity/"))}
