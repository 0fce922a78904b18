"""A finished run keeps what it has meant to workspaces, and shows it to those who may see these."""

import json

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections import sharing
from connections.models import Folder, Schema
from integrations.models import SyncRun
from integrations.sync import kept_impact, mirror
from tests import factories
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from tests.integrations.in_use import in_use, text_of
from tests.integrations.sync.test_mirror import changed, large, mirrored, sync
from workspaces import isolation
from workspaces.models import Workspace

__all__ = ["in_use"]


def page_of(client: Client, run: SyncRun) -> str:
    response = client.get(f"/tenants/acme/orgs/tnt/integrations/main/processes/{run.number}/")
    assert response.status_code == 200
    return response.content.decode()


def test_a_finished_run_says_what_it_changed_in_workspaces_by_their_present_names(
    cast: Cast, in_use: Synced, as_org_owner: Client
) -> None:
    first = in_use.runs()[0]
    assert first.impact is None  # nothing was in use
    assert "What it changed in workspaces" not in page_of(as_org_owner, first)
    aws = in_use.aws.organization
    aws.create_account("Prod Two", parent=aws.root_id, joined_at=9.0)
    aws.rename(in_use.connection("Dev").source_id, "Devel")
    run = in_use.sync()
    assert run.state == "succeeded"
    with isolation.as_tenant(cast.acme.pk):
        Workspace.objects.filter(pk=cast.fireworks.pk).update(handle="sparks")
    page = page_of(as_org_owner, run)
    text = text_of(page[page.index('id="impact"') :])
    assert 'href="/tenants/acme/orgs/tnt/workspaces/sparks/"' in page
    assert "Schemas added prod_two" in text
    in_use_url = "/tenants/acme/orgs/tnt/workspaces/sparks/connections/in-use/"
    for name in ("prod_two", "devel"):
        assert f'href="{in_use_url}?q={name}">{name}</a>' in page
        assert f">{name}<" in as_org_owner.get(f"{in_use_url}?q={name}").content.decode()
    assert "Aggregator all_prod: gains 1" in text
    assert "dev to → devel" in text
    assert "Search path: names nothing any more" in text
    assert "tnt/rockets" not in text  # nothing of it has changed
    quiet = in_use.sync()
    assert (quiet.state, quiet.impact) == ("succeeded", None)


def test_workspaces_that_somebody_may_not_enter_or_that_are_gone_are_not_named(
    cast: Cast, in_use: Synced, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        run = factories.finished_run(
            in_use.integration,
            changes=[["remove", "connection", "1", "x", "Root", ""]],
            impact=[[pk, {"removed": [3, ["secret_name"]]}] for pk in (cast.pager.pk, 999_999)]
            + [[cast.rockets.pk, {"removed": [300, [f"own_{n}" for n in range(20)]]}]],
        )
    page = page_of(as_org_owner, run)
    assert ("pager" in page, "secret_name" in page) == (False, False)
    text = text_of(page)
    assert "tnt/rockets 300 break" in text
    assert "own_19" in text
    assert "Schemas removed: and 280 more" in text


def test_what_is_kept_is_bounded(cast: Cast) -> None:
    """However many workspaces use however much of it."""
    with isolation.as_tenant(cast.acme.pk):
        integration = mirrored(cast.at_tenant, cast)
        sync(integration, large(400))
        top = Folder.objects.get(pk=integration.root_folder_id)
        sharing.set_grants(top, [cast.at_tenant])
        many = [Workspace(tenant=cast.acme, organization=cast.tnt, handle=f"w-{n}", name="W") for n in range(60)]
        for one in Workspace.objects.bulk_create(many):
            Schema.objects.create(tenant=cast.acme, organization=cast.tnt, workspace=one, folder=top)
        tree = mirror.load(integration)
        planned = mirror.plan(integration, tree, changed(large(400)))
        with CaptureQueriesContext(connection) as captured:
            kept = kept_impact.impact_of(planned, tree)
    assert len(captured) == 2
    assert (len(kept), kept[-1]) == (kept_impact.MOST_WORKSPACES + 1, [None, 10])
    assert kept_impact.more_of(kept) == 10
    renamed, first = kept[0][1]["renamed"]
    assert (renamed > 30, len(first)) == (True, 5)
    assert len(json.dumps(kept)) < 100_000


def test_a_first_sync_looks_once_and_reckons_nothing(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        integration = mirrored(cast.at_tenant, cast)
        tree = mirror.load(integration)
        planned = mirror.plan(integration, tree, large(400))
        with CaptureQueriesContext(connection) as captured:
            assert kept_impact.impact_of(planned, tree) == []
    assert len(captured) == 1
