"""Preview: what a sync would change now, read as a sync reads, shown with its impact, and never applied."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Integration, SettingsTrial
from integrations.trials import run as trials_run
from tests.conftest import Cast
from tests.integrations.conftest import QUICK, Synced
from tests.integrations.in_use import MAIN, post, text_of
from workspaces import isolation
from workspaces.models import AuditEvent

PREVIEW = MAIN + "preview/"

Events = Callable[[], list[AuditEvent]]


def preview(client: Client, cast: Cast) -> str:
    """Press *Preview*, let the worker read, and give the page."""
    post(client, PREVIEW, do="start")
    with isolation.as_tenant(cast.acme.pk):
        trial = SettingsTrial.objects.get()
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    return text_of(client.get(PREVIEW).content.decode())


def test_everything_that_a_sync_would_change_is_shown_and_nothing_is_changed(
    in_use: Synced, cast: Cast, as_org_owner: Client, events: Events
) -> None:
    organization = in_use.aws.organization
    organization.rename("Prod", "Production")
    organization.move("Dev", "Sandbox")
    organization.create_account("New", parent="Sandbox", joined_at=9.0)
    before, runs = in_use.tree(), len(in_use.runs())
    text = preview(as_org_owner, cast)
    assert "Nothing was changed." in text
    for words in ("+ New connection", "~ Production connection", "→ Dev connection"):
        assert words in text, words
    assert "Schemas renamed prod to → production" in text[text.index("What changes in workspaces") :]
    assert "would stop and ask" not in text
    assert in_use.tree() == before
    assert len(in_use.runs()) == runs
    assert events()[0].action == "integration.sync_previewed"
    # What it showed is what a sync does.
    assert in_use.sync().counts == {"create": 1, "rename": 1, "move": 1}


def test_what_a_suspension_means_to_workspaces_is_shown_too(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    in_use.aws.organization.suspend("Prod")
    text = preview(as_org_owner, cast)
    impact = text[text.index("What changes in workspaces") :]
    assert "Schemas disabled: not united any more prod" in impact
    in_use.sync()
    in_use.aws.organization.set_state("Prod", "ACTIVE")
    text = preview(as_org_owner, cast)
    assert "Schemas enabled: united again prod" in text[text.index("What changes in workspaces") :]


def test_a_preview_of_nothing_says_so(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    assert "Nothing: the tree is as it is in AWS." in preview(as_org_owner, cast)


def test_what_a_scheduled_sync_would_ask_about_is_said(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(deletion_limit_percent=0, deletion_limit_count=0)
    in_use.aws.organization.remove("Dev")
    text = preview(as_org_owner, cast)
    assert "A scheduled sync would stop and ask. It would remove 1 of 3 connections" in text
    assert "− Dev connection" in text


def test_where_a_sync_would_fail_the_preview_says_why(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    in_use.aws.organization.remove("Dev")
    in_use.aws.faults.fail("DescribeAccount", "AccessDeniedException")
    text = preview(as_org_owner, cast)
    assert "A sync would fail now, and change nothing" in text
    assert "DescribeAccount" in text


def test_a_second_press_follows_the_preview_that_is_under_way(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    for _ in range(2):
        post(as_org_owner, PREVIEW, do="start")
    with isolation.as_tenant(cast.acme.pk):
        first = SettingsTrial.objects.get()
    trials_run.run(cast.acme.pk, first.pk, retries=QUICK)
    post(as_org_owner, PREVIEW, do="start")  # read again
    with isolation.as_tenant(cast.acme.pk):
        assert SettingsTrial.objects.get().pk != first.pk


def test_settings_on_trial_are_not_lost_to_a_preview_but_a_preview_makes_room(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    preview(as_org_owner, cast)
    version = Integration.version.field.default
    chosen = {"access_mode": "role", "version": version, "role_arn": "arn:aws:iam::111122223333:role/other"}
    post(as_org_owner, MAIN + "config/discovery/", **chosen)
    with isolation.as_tenant(cast.acme.pk):
        assert SettingsTrial.objects.get().about == SettingsTrial.About.DISCOVERY
    assert "is trying other settings of main" in text_of(post(as_org_owner, PREVIEW, do="start"))
    with isolation.as_tenant(cast.acme.pk):
        assert SettingsTrial.objects.get().about == SettingsTrial.About.DISCOVERY
        SettingsTrial.objects.update(state=SettingsTrial.State.FAILED)
    preview(as_org_owner, cast)


@pytest.mark.parametrize("end", ["close", "expire"])
def test_a_preview_that_is_over_is_forgotten(in_use: Synced, cast: Cast, as_org_owner: Client, end: str) -> None:
    preview(as_org_owner, cast)
    if end == "close":
        post(as_org_owner, PREVIEW, do="close")
    else:
        with isolation.as_tenant(cast.acme.pk):
            SettingsTrial.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "There is no preview any more" in text_of(as_org_owner.get(PREVIEW, follow=True).content.decode())
    assert "on trial" not in text_of(as_org_owner.get(MAIN + "config/").content.decode())
