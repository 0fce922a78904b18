"""A draft lives outside the session, goes step by step, and becomes one integration."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from integrations import clean_up
from integrations.models import Draft, Integration, SyncRun
from integrations.wizard import drafts
from integrations.wizard.steps import STEPS
from tests.conftest import Cast, make_cast
from tests.integrations.wizard.conftest import BY_KEY, BY_ROLE, CONNECTION, Walk
from tests.threads import meeting
from workspaces import isolation
from workspaces.access import Access, Scope


def test_a_draft_survives_signing_out_and_another_owner_can_take_it_up(cast: Cast, in_org: Walk) -> None:
    in_org.to("connection", discovery=BY_KEY)
    in_org.client.logout()
    in_org.client.force_login(cast.tenant_owner)
    in_org.get("handle")
    assert 'value="awsi"' in in_org.html
    in_org.get("discovery")
    assert f'value="{BY_KEY["access_key"]}"' in in_org.html
    assert in_org.draft().secret_key == BY_KEY["secret_key"]


def test_drafts_are_listed_where_they_belong_with_the_step_to_take_up(cast: Cast, in_org: Walk) -> None:
    in_org.to("connection")
    with isolation.as_tenant(cast.acme.pk):
        here, at_tenant = Access(cast.org_owner, cast.at_org, ()), Access(cast.tenant_owner, cast.at_tenant, ())
        [draft] = drafts.drafts_of(here, now=timezone.now())
        assert drafts.draft_url(draft) == in_org.url("connection")
        assert not drafts.drafts_of(at_tenant, now=timezone.now())
        assert not drafts.drafts_of(here, now=timezone.now() + timedelta(days=8))


def test_no_step_can_be_entered_before_those_before_it_are_done(in_org: Walk) -> None:
    in_org.start()
    for step in ("discovery", "connection", "permissions"):
        assert in_org.get(step).headers["Location"] == in_org.url("handle")
        assert in_org.post(step, **BY_ROLE, **CONNECTION, choice="all").headers["Location"] == in_org.url("handle")
    assert in_org.draft().role_arn == ""


def test_earlier_steps_can_be_looked_at_and_changed_without_losing_later_ones(in_org: Walk) -> None:
    in_org.to("permissions").get("type")
    assert "<h1>Choose integration type</h1>" in in_org.html
    in_org.post("handle", handle="renamed")
    in_org.post("discovery", **BY_ROLE)
    assert in_org.draft().steps_done == 4
    in_org.get("permissions")
    assert in_org.answer.status_code == 200


def test_a_step_that_is_broken_later_has_to_be_done_again(in_org: Walk) -> None:
    in_org.to("permissions").post("discovery", do="previous", access_mode="key")
    assert in_org.get("permissions").headers["Location"] == in_org.url("discovery")


def test_the_rail_shows_the_state_of_each_step(in_org: Walk) -> None:
    page = in_org.to("connection").page
    assert "✓ Choose integration type (done) ✓ Choose handle (done) ✓ Discovery settings (done)" in page
    assert "◉ Connection settings" in page
    assert "· Set permissions (to come)" in page


def test_an_unknown_step_or_draft_is_not_found(in_org: Walk) -> None:
    in_org.start()
    assert in_org.get("payment").status_code == 404
    in_org.answer = in_org.client.get(in_org.url("handle").replace(str(in_org.draft().uid), f"{0:032x}"))
    assert in_org.answer.status_code == 404


def test_cancel_asks_first_and_then_discards(in_org: Walk) -> None:
    in_org.to("discovery")
    url = in_org.scope.url("integration_draft_cancel", draft=in_org.draft().uid)
    in_org.answer = in_org.client.get(url)
    assert "What you entered for awsi will be discarded." in in_org.page
    in_org.draft()
    in_org.answer = in_org.client.post(url)
    assert in_org.answer.headers["Location"] == in_org.scope.url("integration_list")
    with isolation.as_tenant(in_org.tenant.pk):
        assert not Draft.objects.exists()
    assert in_org.audit()[-1].action == "draft.discarded"


def test_a_draft_lives_for_a_week_after_it_was_touched(in_org: Walk) -> None:
    begun = timezone.now()
    in_org.start()
    with time_machine.travel(begun + timedelta(days=6), tick=False):
        in_org.client.force_login(in_org.draft().created_by)
        in_org.post("handle", handle="awsi")
    with time_machine.travel(begun + timedelta(days=12), tick=False):
        clean_up.run(now=timezone.now())
        assert in_org.draft().handle == "awsi"
    with time_machine.travel(begun + timedelta(days=13, minutes=1), tick=False):
        in_org.client.force_login(in_org.draft().created_by)
        assert in_org.get("discovery").status_code == 404
        clean_up.run(now=timezone.now())
    with isolation.as_tenant(in_org.tenant.pk):
        assert not Draft.objects.exists()


def test_a_finished_draft_leads_to_its_integration(cast: Cast, in_org: Walk) -> None:
    in_org.to("permissions")
    urls = {step.slug: in_org.url(step.slug) for step in STEPS}
    cancel = in_org.scope.url("integration_draft_cancel", draft=in_org.draft().uid)
    in_org.post("permissions", choice="all")
    detail = in_org.scope.url("integration_detail", integration="awsi")
    in_org.client.get(detail)
    for url in [*urls.values(), cancel]:
        assert in_org.client.get(url).headers["Location"] == detail
        assert "before" not in in_org.client.get(detail).content.decode()
        assert in_org.client.post(url, {"choice": "none"}).headers["Location"] == detail
        assert "was created from this draft before" in in_org.client.get(detail).content.decode()
    with isolation.as_tenant(cast.acme.pk):
        assert (Integration.objects.count(), SyncRun.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_draft_that_is_posted_twice_at_once_makes_one_integration() -> None:
    cast = make_cast()
    browsers = []
    for person in (cast.org_owner, cast.tenant_owner):
        client = Client()
        client.force_login(person)
        browsers.append(Walk(client, Scope(cast.acme, cast.tnt)))
    url = browsers[0].to("permissions").url("permissions")

    def post(client: Client) -> str:
        return client.post(url, {"choice": "all", "do": "next"}).headers["Location"]

    one, other = (walk.client for walk in browsers)
    leads_to = meeting(Draft.objects.all(), lambda: post(one), lambda: post(other), tenant_id=cast.acme.pk)
    assert leads_to == [cast.at_org.url("integration_detail", integration="awsi")] * 2
    with isolation.as_tenant(cast.acme.pk):
        assert (Integration.objects.count(), SyncRun.objects.count(), Draft.objects.count()) == (1, 1, 0)
