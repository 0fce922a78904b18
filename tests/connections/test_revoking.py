"""Revoking a grant: what it would take from workspaces is confirmed first, and comes back when it is granted again."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from connections import actions, sharing
from connections.models import Aggregator, Connection, Folder, Schema
from connections.retention import GRACE
from connections.schemas import schema_names
from connections.schemas.in_use import contents
from connections.schemas.rows import totals
from integrations import clean_up
from tests import factories
from tests.conftest import Cast
from tests.connections.test_permissions import ORG, TENANT, Tree, add, audiences, make_tree, share, url
from tests.integrations.in_use import hidden, text_of
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def tree(cast: Cast) -> Tree:
    """Root / Prod with a connection and a second one beside it, shared with all workspaces of acme/tnt."""
    with isolation.as_tenant(cast.acme.pk):
        made = make_tree(cast.at_org, cast)
        factories.connection(cast.at_org, "ledger", folder=made.prod, handle="ledger")
    share(cast, made.root, cast.at_org)
    return made


def save(client: Client, node: Folder | Connection, base: str = ORG, **values: object) -> str:
    """Send the Permissions of a node as the page has them, with these values; gives the page that follows."""
    page = client.get(url(node, base)).content.decode()
    shared = re.search(r'name="seen" value="([^"]+)"', page)
    sent = {"seen": shared[1] if shared else ""} | values
    return client.post(url(node, base), sent, follow=True).content.decode()


def confirm(client: Client, node: Folder | Connection, base: str = ORG, **values: object) -> str:
    """Send them, and confirm what the page says."""
    asked = save(client, node, base, **values)
    return save(client, node, base, **values, seen_impact=hidden(asked, "seen_impact"))


def in_use(cast: Cast, workspace: Workspace) -> list[str]:
    with isolation.as_tenant(cast.acme.pk):
        return sorted(contents(workspace).connections.values_list("handle", flat=True))


def later(cast: Cast, **by: float) -> None:
    """Let the clean-up purge at a later time."""
    with isolation.as_tenant(cast.acme.pk):
        clean_up.forget_nodes(timezone.now() + timedelta(**by) - GRACE)


def test_what_would_leave_workspaces_is_shown_and_nothing_is_saved_before_it_is_confirmed(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    add(cast, tree.prod, cast.fireworks)
    add(cast, tree.leaf, cast.rockets)
    with isolation.as_tenant(cast.acme.pk):
        Aggregator.objects.create(**cast.at_workspace.keys, handle="all_v", patterns=["v*"])
        Workspace.objects.filter(pk=cast.rockets.pk).update(search_path_prefix=["vault"])
    asked = save(as_org_owner, tree.root, choice="none")
    text = text_of(asked)
    assert "What changes in workspaces" in text
    assert asked.count(">Revoke from 2 workspaces</button>") == 2  # above and below
    assert "tnt/fireworks" in text
    assert "Schemas removed ledger vault" in text
    assert "Folder removed, with what comes to it later Prod" in text
    assert "Aggregator disappears all_aws" in text
    assert "Aggregator all_v: loses 1 vault" in text
    assert "tnt/rockets" in text
    assert "Search path: names nothing any more vault" in text
    assert "within 30 days" in text
    assert audiences(cast, tree.root) == ["acme/tnt"]
    assert in_use(cast, cast.fireworks) == ["ledger", "vault"]
    done = save(as_org_owner, tree.root, choice="none", seen_impact=hidden(asked, "seen_impact"))
    assert "Removed from schemas: 2 from fireworks, 1 from rockets." in done
    assert audiences(cast, tree.root) == []
    assert in_use(cast, cast.fireworks) == in_use(cast, cast.rockets) == []


@pytest.mark.parametrize("kind", ["prod", "leaf"])
def test_one_connection_and_a_folder_below_ask_too(cast: Cast, tree: Tree, as_org_owner: Client, kind: str) -> None:
    share(cast, tree.root)
    node = getattr(tree, kind)
    share(cast, node, cast.at_org)
    add(cast, tree.leaf, cast.rockets)
    asked = save(as_org_owner, node, choice="some", workspaces=[cast.fireworks.pk])
    assert "Schemas removed vault" in text_of(asked)
    assert in_use(cast, cast.rockets) == ["vault"]


def test_a_tenants_node_names_the_organization_of_each_workspace(cast: Cast, as_tenant_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        tree = make_tree(cast.at_tenant, cast)
    share(cast, tree.root, cast.at_tenant)
    for workspace in (cast.fireworks, cast.pager):
        add(cast, tree.leaf, workspace)
    asked = text_of(save(as_tenant_owner, tree.root, TENANT, choice="some", organizations=[cast.tnt.pk]))
    assert "ops/pager" in asked
    assert "tnt/fireworks" not in asked


def test_an_added_folder_that_holds_nothing_yet_is_asked_about(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        empty = factories.folder(cast.at_org, "Empty", parent=tree.root)
    add(cast, empty, cast.fireworks)
    assert "Folder removed, with what comes to it later Empty" in text_of(save(as_org_owner, tree.root, choice="none"))


def test_what_takes_nothing_away_needs_no_confirmation(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    add(cast, tree.leaf, cast.fireworks)
    page = save(as_org_owner, tree.root, choice="some", workspaces=[cast.fireworks.pk])
    assert "Saved the permissions of Root." in page
    assert audiences(cast, tree.root) == ["acme/tnt/fireworks"]
    assert in_use(cast, cast.fireworks) == ["vault"]


def test_what_is_confirmed_is_what_is_done(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    add(cast, tree.leaf, cast.rockets)
    asked = save(as_org_owner, tree.root, choice="none")
    add(cast, tree.prod, cast.fireworks)
    again = save(as_org_owner, tree.root, choice="none", seen_impact=hidden(asked, "seen_impact"))
    assert "It is different from what you have just seen" in again
    assert audiences(cast, tree.root) == ["acme/tnt"]
    assert in_use(cast, cast.rockets) == ["vault"]


def test_a_confirmation_of_permissions_that_somebody_changed_saves_nothing(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    add(cast, tree.leaf, cast.rockets)
    asked = save(as_org_owner, tree.root, choice="none")
    confirmed = {"choice": "none", "seen": hidden(asked, "seen"), "seen_impact": hidden(asked, "seen_impact")}
    share(cast, tree.root, cast.at_workspace, Scope(cast.acme, cast.tnt, cast.rockets))
    html = as_org_owner.post(url(tree.root), confirmed).content.decode()
    assert "Somebody else changed these permissions" in html
    assert audiences(cast, tree.root) == ["acme/tnt/fireworks", "acme/tnt/rockets"]


def test_confirmed_twice_it_is_done_once(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    add(cast, tree.leaf, cast.rockets)
    asked = save(as_org_owner, tree.root, choice="none")
    sent = {"choice": "none", "seen": hidden(asked, "seen"), "seen_impact": hidden(asked, "seen_impact")}
    for _ in range(2):
        assert as_org_owner.post(url(tree.root), sent).status_code == 302
    with isolation.as_tenant(cast.acme.pk):
        events = AuditEvent.objects.filter(action="folder.permissions_changed", actor=cast.org_owner.email)
        assert events.filter(details__after=[]).count() == 1


def test_what_a_revoked_grant_took_comes_back_as_it_was_when_it_is_granted_again(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    add(cast, tree.prod, cast.fireworks)
    add(cast, tree.leaf, cast.rockets)
    with isolation.as_tenant(cast.acme.pk):
        before = list(Schema.objects.order_by("pk").values_list("pk", "added_at"))
    confirm(as_org_owner, tree.root, choice="none")
    later(cast, days=29, hours=23)
    page = save(as_org_owner, tree.root, choice="all")
    assert "Back in schemas: 2 in fireworks, 1 in rockets." in page
    assert in_use(cast, cast.fireworks) == ["ledger", "vault"]
    assert in_use(cast, cast.rockets) == ["vault"]
    with isolation.as_tenant(cast.acme.pk):
        assert list(Schema.objects.order_by("pk").values_list("pk", "added_at")) == before
        event = AuditEvent.objects.filter(action="folder.permissions_changed").latest("pk")
        assert event.details["schemas_returned"] == 2
    later(cast, days=90)
    assert in_use(cast, cast.rockets) == ["vault"], "what is back is not purged"


def test_after_thirty_days_it_stays_away(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    add(cast, tree.leaf, cast.rockets)
    confirm(as_org_owner, tree.root, choice="none")
    later(cast, days=30, minutes=1)
    page = save(as_org_owner, tree.root, choice="all")
    assert "Saved the permissions of Root." in page
    assert "Back in schemas" not in page
    assert in_use(cast, cast.rockets) == []


def test_what_another_grant_brings_back_is_not_purged(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    add(cast, tree.leaf, cast.rockets)
    confirm(as_org_owner, tree.root, choice="none")
    share(cast, tree.leaf, cast.at_org)
    later(cast, days=31)
    assert in_use(cast, cast.rockets) == ["vault"]


def test_each_loss_has_its_own_thirty_days(cast: Cast, tree: Tree, as_org_owner: Client) -> None:
    rockets = Scope(cast.acme, cast.tnt, cast.rockets)
    share(cast, tree.root, cast.at_workspace, rockets)
    for workspace in (cast.fireworks, cast.rockets):
        add(cast, tree.leaf, workspace)
    confirm(as_org_owner, tree.root, choice="some", workspaces=[cast.rockets.pk])
    with isolation.as_tenant(cast.acme.pk):
        Schema.objects.filter(workspace=cast.fireworks).update(lost_at=timezone.now() - timedelta(days=20))
    confirm(as_org_owner, tree.root, choice="none")
    later(cast, days=11)
    save(as_org_owner, tree.root, choice="all")
    assert (in_use(cast, cast.fireworks), in_use(cast, cast.rockets)) == ([], ["vault"])


def test_what_comes_back_leaves_a_newer_schema_its_name_and_says_so(
    cast: Cast, tree: Tree, as_org_owner: Client
) -> None:
    add(cast, tree.leaf, cast.fireworks)
    confirm(as_org_owner, tree.root, choice="none")
    with isolation.as_tenant(cast.acme.pk):
        own = factories.connection(cast.at_workspace, "My vault", handle="vault")
        actions.add_schema(scope=cast.at_workspace, node=own, by=cast.workspace_owner)
    page = save(as_org_owner, tree.root, choice="all")
    assert "In fireworks another schema is called vault by now and keeps that name" in page
    with isolation.as_tenant(cast.acme.pk):
        inside = contents(cast.fireworks)
        rows = list(schema_names.SchemaList(inside, totals(inside)))
    assert {row.title: bool(row.conflict) for row in rows if row.name == "vault"} == {"My vault": False, "vault": True}


def test_a_workspace_that_was_deleted_meanwhile_gets_nothing_back(
    cast: Cast, tree: Tree, as_tenant_owner: Client
) -> None:
    add(cast, tree.leaf, cast.rockets)
    confirm(as_tenant_owner, tree.root, choice="none")
    gone = as_tenant_owner.post(
        f"/tenants/acme/orgs/tnt/workspaces/{cast.rockets.handle}/delete/", {"handle": "rockets"}
    )
    assert gone.status_code == 302
    page = save(as_tenant_owner, tree.root, choice="all")
    assert "Saved the permissions of Root." in page
    assert "Back in schemas" not in page
    with isolation.as_tenant(cast.acme.pk):
        assert not Schema.objects.exists()


def test_deleting_a_folder_counts_no_workspace_that_lost_it_before(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        mine = factories.folder(cast.at_org, "Mine", handle="mine")
        sharing.set_grants(mine, [cast.at_org])
    add(cast, mine, cast.rockets)
    confirm(as_org_owner, mine, choice="none")
    assert "rockets" not in as_org_owner.get(f"{ORG}folders/{mine.pk}/delete/").content.decode()
