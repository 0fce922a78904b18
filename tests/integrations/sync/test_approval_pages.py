"""A sync that needs approval: shown with what it would change, approved or discarded on its page."""

import re

import pytest
from django.test import Client

from connections import actions, sharing
from connections.models import Connection
from integrations.models import Integration, SyncRun
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope

AWSI = "/tenants/acme/orgs/tnt/integrations/awsi/"
WHY = "It would remove 6 of 20 connections."


def text_of(response: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))  # type: ignore[attr-defined]


@pytest.fixture
def awsi(cast: Cast) -> Integration:
    with isolation.as_tenant(cast.acme.pk):
        return factories.integration(cast.at_org, "awsi", by=cast.org_owner)


@pytest.fixture
def vault(cast: Cast, awsi: Integration) -> Connection:
    with isolation.as_tenant(cast.acme.pk):
        return factories.connection(cast.at_org, "Vault", folder=awsi.root_folder)


@pytest.fixture
def asking(cast: Cast, awsi: Integration, vault: Connection) -> SyncRun:
    with isolation.as_tenant(cast.acme.pk):
        return factories.finished_run(
            awsi,
            changes=[["remove", "connection", vault.source_id, "Vault", "Root", ""]],
            removals=[vault.source_id],
            state=SyncRun.State.NEEDS_APPROVAL,
            error=WHY,
        )


def decide(client: Client, run: SyncRun, answer: str) -> str:
    return text_of(client.post(f"{AWSI}processes/{run.number}/", {"do": answer}, follow=True))


def test_the_integration_leads_to_what_would_be_removed(asking: SyncRun, as_org_owner: Client) -> None:
    for page in ("", "advanced/"):
        html = as_org_owner.get(AWSI + page).content.decode()
        assert WHY in html
        assert f'href="{AWSI}processes/{asking.number}/">Review what would be removed' in html
    assert "it also removes what waits" in text_of(as_org_owner.get(AWSI + "advanced/"))
    assert "Needs approval" in text_of(as_org_owner.get(AWSI.removesuffix("awsi/")))
    assert "Needs approval" in text_of(as_org_owner.get(AWSI + "processes/"))


def test_the_question_stays_in_sight_when_a_later_sync_failed(
    cast: Cast, awsi: Integration, asking: SyncRun, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi, state=SyncRun.State.FAILED, error="AWS said no.")
    text = text_of(as_org_owner.get(AWSI))
    assert "AWS said no." in text
    assert "Review what would be removed" in text


def test_the_page_shows_the_plan_as_a_diff_and_what_it_means_to_workspaces(
    cast: Cast, asking: SyncRun, vault: Connection, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        fireworks = Scope(cast.acme, cast.tnt, cast.fireworks)
        sharing.set_grants(vault, [fireworks])
        actions.add_schema(scope=fireworks, node=vault, by=cast.org_owner)
    text = text_of(as_org_owner.get(f"{AWSI}processes/{asking.number}/"))
    assert WHY in text
    assert "What it would have changed" in text
    assert f"− Vault connection {vault.source_id} Root" in text
    assert re.search(r"What the removals change in workspaces .*fireworks.* Schemas removed " + vault.handle, text)


def test_approving_starts_a_sync_and_tells_who_did(cast: Cast, asking: SyncRun, as_org_owner: Client) -> None:
    assert f"What sync {asking.number} showed may go" in decide(as_org_owner, asking, "approve")
    with isolation.as_tenant(cast.acme.pk):
        asking.refresh_from_db()
        assert asking.decided_by == cast.org_owner
        assert SyncRun.objects.filter(trigger=SyncRun.Trigger.APPROVAL, started_by=cast.org_owner).exists()
    assert "Approved by org-owner" in text_of(as_org_owner.get(f"{AWSI}processes/{asking.number}/"))
    log = text_of(as_org_owner.get("/tenants/acme/orgs/tnt/activity/"))
    assert "approved 1 removals by a sync of the integration awsi" in log


def test_discarding_leaves_everything(cast: Cast, asking: SyncRun, vault: Connection, as_org_owner: Client) -> None:
    assert f"Sync {asking.number} has changed nothing" in decide(as_org_owner, asking, "discard")
    assert "Discarded by" in text_of(as_org_owner.get(f"{AWSI}processes/{asking.number}/"))
    with isolation.as_tenant(cast.acme.pk):
        vault.refresh_from_db()
        assert vault.removed_at is None
        assert not SyncRun.objects.filter(trigger=SyncRun.Trigger.APPROVAL).exists()


def test_the_second_of_two_people_is_told(cast: Cast, asking: SyncRun, client: Client) -> None:
    client.force_login(cast.org_owner)
    decide(client, asking, "discard")
    client.force_login(cast.tenant_owner)
    assert "org-owner@example.com has discarded this already" in decide(client, asking, "approve")


def test_a_button_that_is_none_of_the_two_does_nothing(cast: Cast, asking: SyncRun, as_org_owner: Client) -> None:
    assert "Choose Approve or Discard." in decide(as_org_owner, asking, "all")
    with isolation.as_tenant(cast.acme.pk):
        asking.refresh_from_db()
    assert asking.state == SyncRun.State.NEEDS_APPROVAL


def test_the_deletion_limit_is_set_on_advanced(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    url = AWSI + "advanced/deletion-limit/"
    for wrong in ({"percent": "101", "connections": "5"}, {"percent": "a few", "connections": "5"}):
        text = text_of(as_org_owner.post(url, wrong | {"version": "1"}))
        assert "from 0 to 100" in text
    assert "from 0 to 100,000" in text_of(
        as_org_owner.post(url, {"percent": "20", "connections": "-1", "version": "1"})
    )
    right = {"percent": "0", "connections": "3", "version": "1"}
    assert "Saved the deletion limit of awsi" in text_of(as_org_owner.post(url, right, follow=True))
    with isolation.as_tenant(cast.acme.pk):
        awsi.refresh_from_db()
        assert (awsi.deletion_limit_percent, awsi.deletion_limit_count) == (0, 3)
    # The other tab still shows what was before: it is told, and keeps what was typed.
    stale = text_of(as_org_owner.post(url, {"percent": "50", "connections": "9", "version": "1"}))
    assert "org-owner@example.com changed the deletion limit" in stale
    assert re.search(r"Per cent of the connections stored now 0 Connections stored now 3", stale)


def test_what_was_sent_about_a_question_leads_to_the_run_that_asks_now(
    cast: Cast, awsi: Integration, asking: SyncRun, as_org_owner: Client
) -> None:
    url = f"{AWSI}processes/{asking.number}/"
    assert "Should it be done?" in text_of(as_org_owner.get(f"{url}?question"))
    with isolation.as_tenant(cast.acme.pk):
        SyncRun.objects.filter(pk=asking.pk).update(state="superseded")
        again = factories.finished_run(awsi, state="needs_approval", removals=["1"], error=WHY)
    assert as_org_owner.get(f"{url}?question")["Location"] == f"{AWSI}processes/{again.number}/"
    assert "Replaced" in text_of(as_org_owner.get(url))
    assert (
        f'href="{AWSI}processes/{again.number}/">Review what would be removed' in as_org_owner.get(url).content.decode()
    )
    with isolation.as_tenant(cast.acme.pk):
        SyncRun.objects.filter(pk=again.pk).update(state="applied")
    assert "Review what" not in text_of(as_org_owner.get(f"{url}?question"))
