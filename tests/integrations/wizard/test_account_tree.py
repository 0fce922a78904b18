"""Choosing what to mirror in the tree that Test Discovery shows, as a browser with and without script does."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import clean_up
from integrations.models import AccessTest
from integrations.planning.snapshot import pack
from integrations.sync import run as sync_run
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.access_tests.test_sampling import large
from tests.integrations.conftest import QUICK
from tests.integrations.wizard.conftest import CONNECTION, Walk
from workspaces import isolation


def discovered(walk: Walk, aws: RunningAws) -> dict[str, str]:
    """Press Test Discovery and let the worker read; gives what was typed."""
    values = walk.to("discovery").credentials(aws)
    walk.post("discovery", do="test", **values)
    walk.run_test()
    walk.get("discovery")
    return values


def follow(walk: Walk) -> str:
    """Go where the last answer leads."""
    walk.answer = walk.client.get(walk.answer.headers["Location"])
    return walk.page


def test_everything_is_ticked_until_somebody_unticks_it(in_org: Walk, aws: RunningAws) -> None:
    discovered(in_org, aws)
    assert in_org.html.count('aria-checked="true"') == 4
    assert "All accounts, now and later. Mirrors 3 of 3 accounts" in in_org.page
    assert in_org.draft().selection == {"include": ["root"], "exclude": []}


def test_what_is_left_out_is_said_and_never_imported(in_org: Walk, aws: RunningAws) -> None:
    values = discovered(in_org, aws)
    workloads, dev = (aws.organization.find(name).id for name in ("Workloads", "Dev"))
    in_org.post("discovery", do=f"exclude {workloads}", **values, **{"in": "", "part": "1"})
    assert in_org.answer.headers["Location"].endswith(f"#tick-{workloads}")
    assert "All accounts, now and later, but for OU Workloads (2 accounts)." in follow(in_org)
    in_org.post("discovery", do=f"look {workloads}", **values)
    follow(in_org)
    in_org.post("discovery", do=f"include {dev}", **values, **{"in": workloads, "part": "1"})
    assert f"in={workloads}" in in_org.answer.headers["Location"]
    assert f"Mirrored nevertheless: account Dev ({dev})." in follow(in_org)
    in_org.post("discovery", **values)
    in_org.post("connection", **CONNECTION)
    in_org.post("permissions", choice="all")
    integration = in_org.integration()
    assert integration.selection == {"include": [dev, "root"], "exclude": [workloads]}
    run = sync_run.run(in_org.tenant.pk, integration.pk, retries=QUICK)
    assert run is not None
    assert {label for _, _, _, label, *_ in run.changes} == {"Management", "Sandbox", "Workloads", "Dev"}


def test_ticking_keeps_what_was_typed(in_org: Walk, aws: RunningAws) -> None:
    discovered(in_org, aws)
    arn = "arn:aws:iam::123456789012:role/another"
    in_org.post("discovery", do=f"exclude {aws.organization.find('Prod').id}", access_mode="role", role_arn=arn)
    follow(in_org)
    assert in_org.draft().role_arn == arn
    assert "The settings have changed since this test." in in_org.page
    in_org.post("discovery", do=f"exclude {aws.organization.find('Dev').id}", access_mode="role", role_arn="nonsense")
    assert (in_org.draft().role_arn, in_org.draft().steps_done) == (arn, 2)
    assert len(in_org.draft().selection["exclude"]) == 2


def test_with_script_a_folder_opens_in_place_and_a_tick_is_answered_by_what_it_changes(
    in_org: Walk, aws: RunningAws
) -> None:
    values = discovered(in_org, aws)
    workloads, prod = (aws.organization.find(name).id for name in ("Workloads", "Prod"))
    inside = in_org.client.get(f"{in_org.url('discovery')}?in={workloads}&inside").content.decode()
    assert inside.count("data-tick") == 2
    assert "<html" not in inside
    answer = in_org.client.post(
        in_org.url("discovery"),
        values | {"do": f"exclude {prod}", "in": "", "part": "1"},
        headers={"HX-Request": "true", "HX-Target": f"tick-{prod}"},
    ).content.decode()
    assert answer.count("data-tick") == 3
    assert answer.count('aria-checked="mixed"') == 2
    assert "<html" not in answer


def test_a_button_of_a_tree_that_is_gone_changes_nothing(in_org: Walk, aws: RunningAws) -> None:
    values = in_org.to("discovery").credentials(aws)
    in_org.post("discovery", do="exclude 123456789012", **values)
    assert in_org.answer.headers["Location"] == in_org.url("discovery")
    discovered(in_org, aws)
    for do in ("exclude 999999999999", "exclude", "include ou-gone", "look nowhere 7", "forget"):
        in_org.post("discovery", do=do, **values)
        assert "All accounts, now and later." in follow(in_org)


def test_the_tree_is_kept_once_and_for_a_week(cast: Cast, in_org: Walk, aws: RunningAws) -> None:
    values = discovered(in_org, aws)
    in_org.post("discovery", do=f"exclude {aws.organization.find('Prod').id}", **values)
    in_org.post("discovery", do="test", **values)
    with isolation.as_tenant(in_org.tenant.pk):
        assert not AccessTest.objects.exclude(snapshot=b"").exists()
    in_org.run_test()
    with isolation.as_tenant(in_org.tenant.pk):
        assert AccessTest.objects.exclude(snapshot=b"").count() == 1
    with time_machine.travel(timezone.now() + timedelta(days=6), tick=False):
        in_org.client.force_login(cast.org_owner)  # the session of six days ago is over
        in_org.post("discovery", do="keep", **values)
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        clean_up.run(now=timezone.now())
        in_org.client.force_login(cast.org_owner)
        in_org.get("discovery")
        prod = aws.organization.find("Prod").id
        assert f"but for account {prod}. Test Discovery shows the tree in which to change that." in in_org.page


def test_a_long_folder_is_shown_in_parts(in_org: Walk, aws: RunningAws) -> None:
    discovered(in_org, aws)
    with isolation.as_tenant(in_org.tenant.pk):
        AccessTest.objects.update(snapshot=pack(large(1, 240)))
    in_org.get("discovery")
    assert "More in unit r-root: 50 of 121 are shown" in in_org.page
    more = in_org.client.get(f"{in_org.url('discovery')}?in=r-root&part=3&inside").content.decode()
    assert more.count("data-tick") == 21
    assert "<ul" not in more
    in_org.answer = in_org.client.get(f"{in_org.url('discovery')}?in=r-root&part=2")
    assert "Those before" in in_org.page


def test_an_account_is_found_ticked_and_found_again_in_the_url(in_org: Walk, aws: RunningAws) -> None:
    values = discovered(in_org, aws)
    prod, dev = (aws.organization.find(name).id for name in ("Prod", "Dev"))
    in_org.post("discovery", do=f"exclude {dev}", **values)
    in_org.answer = in_org.client.get(f"{in_org.url('discovery')}?q=PRO")
    assert in_org.html.count("data-tick") == 3  # the root and Workloads for context
    assert "1 match for “PRO”." in in_org.page
    assert f'value="exclude {prod}"' in in_org.html
    in_org.post("discovery", do=f"exclude {prod}", **values, **{"in": "", "part": "1", "q": "PRO"})
    assert in_org.answer.headers["Location"] == f"{in_org.url('discovery')}?q=PRO&part=1#tick-{prod}"
    follow(in_org)
    assert f'value="include {prod}"' in in_org.html
    assert in_org.draft().selection == {"include": ["root"], "exclude": sorted([prod, dev])}
    in_org.answer = in_org.client.get(f"{in_org.url('discovery')}?q=nobody")
    assert "No account or OU has “nobody” in its name or ID." in in_org.page


def test_with_script_only_the_tree_and_the_number_of_matches_are_answered(in_org: Walk, aws: RunningAws) -> None:
    discovered(in_org, aws)
    headers = {"HX-Request": "true", "HX-Target": "choices"}
    answer = in_org.client.get(f"{in_org.url('discovery')}?q=dev", headers=headers)
    html = answer.content.decode()
    assert html.count("data-tick") == 3
    assert 'id="matches" hx-swap-oob="innerHTML"' in html
    assert "<html" not in html
    assert "HX-Target" in answer.headers["Vary"]
    whole = in_org.client.get(f"{in_org.url('discovery')}?q=", headers=headers).content.decode()
    assert whole.count("data-tick") == 4
    assert "match" not in whole.split('id="matches"')[1]


@pytest.mark.sweep
def test_ten_thousand_accounts_are_searched_in_a_bounded_page(in_org: Walk, aws: RunningAws) -> None:
    discovered(in_org, aws)
    with isolation.as_tenant(in_org.tenant.pk):
        AccessTest.objects.update(snapshot=pack(large(500, 10_000)))
    in_org.answer = in_org.client.get(f"{in_org.url('discovery')}?q=account")
    assert "10,000 matches for “account”. Shown are 1 to 50." in in_org.page
    assert in_org.html.count("data-tick") <= 50 * 6
    assert len(in_org.answer.content) < 300_000
    in_org.answer = in_org.client.get(f"{in_org.url('discovery')}?q=account&part=200")
    assert "Shown are 9,951 to 10,000." in in_org.page
    in_org.answer = in_org.client.get(f"{in_org.url('discovery')}?q=0000-0000-7777")
    assert "1 match for" in in_org.page
    assert "account 7777" in in_org.page


def test_the_tree_costs_the_database_the_same_at_any_size(in_org: Walk, aws: RunningAws) -> None:
    discovered(in_org, aws)
    url, counts = in_org.url("discovery"), []
    for folders, accounts in ((1, 10), (40, 400)):
        with isolation.as_tenant(in_org.tenant.pk):
            AccessTest.objects.update(snapshot=pack(large(folders, accounts)))
        for asked in ("", "?q=account"):
            with CaptureQueriesContext(connection) as queries:
                in_org.client.get(url + asked)
            counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[0] <= 16
