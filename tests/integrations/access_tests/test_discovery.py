"""Test Discovery against the stand-in AWS: what the worker does, and what the page shows of it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from integrations.access import findings
from integrations.access_tests import run as access_tests_run
from integrations.models import AccessTest
from tests.fakes.aws import RunningAws, allowing, reading_organizations, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.wizard.conftest import BY_KEY, QUICK, Walk
from workspaces import isolation


def discover_as(walk: Walk, **values: str) -> AccessTest:
    """Press Test Discovery and let the worker run it."""
    walk.post("discovery", do="test", **values)
    assert walk.at == "discovery", walk.page
    test = walk.run_test()
    walk.get("discovery")
    return test


def test_a_role_from_the_downloaded_template_shows_who_what_and_the_tree(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery")
    url = in_org.scope.url("integration_draft_download", draft=in_org.draft().uid, file="discovery.yaml")
    outputs = aws.roles.deploy(in_org.client.get(url).content.decode()).outputs
    test = discover_as(in_org, access_mode="role", role_arn=outputs["RoleArn"])
    assert test.state == "passed"
    organization = aws.organization
    account, role_name = organization.management_account_id, in_org.draft().discovery_role_name
    assert (
        f"Signed in as arn:aws:sts::{account}:assumed-role/{role_name}/pipes-acme-test . The AWS organization is"
        f" {organization.id} , its management account {account} . It has 2 organizational units and 3 accounts;"
    ) in in_org.page
    for line in (
        "Root 3 of 3 accounts",
        "Workloads 2 of 2 accounts",
        "Sandbox 0 of 0 accounts",
        f"Management {account}",
    ):
        assert line in in_org.page
    assert "hx-trigger" not in in_org.html.partition('id="report"')[2].partition("wizard-foot")[0]


def test_both_negative_probes_are_made(in_org: Walk, aws: RunningAws) -> None:
    discover_as(in_org.to("discovery"), **in_org.credentials(aws))
    assert aws.calls.count("AssumeRole") == 3
    assert aws.calls.count("AssumeRole", code="AccessDenied") == 2


def test_a_key_pair_works_too_and_is_not_probed(in_tenant: Walk, aws: RunningAws) -> None:
    key = aws.roles.create_key("pipes", reading_organizations())
    test = discover_as(in_tenant.to("discovery"), access_mode="key", access_key=key.id, secret_key=key.secret)
    assert test.state == "passed"
    assert "user/pipes" in in_tenant.page
    assert aws.calls.count("AssumeRole") == 0
    assert key.secret not in repr(test.report)


@pytest.mark.parametrize(("external_id", "how"), [(None, "without any"), ("*", "with any")])
def test_a_role_that_strangers_can_assume_is_refused(
    in_org: Walk, aws: RunningAws, external_id: str | None, how: str
) -> None:
    operator = "StringLike" if external_id else "StringEquals"
    trust = trusting(VENDOR_ROLE_ARN, external_id, operator=operator)
    if external_id:  # present or not, whatever it says
        trust["Statement"][0]["Condition"] = {"StringLikeIfExists": {"sts:ExternalId": "*"}}
    arn = aws.roles.create("open", trust, reading_organizations())
    in_org.to("discovery")
    test = discover_as(in_org, access_mode="role", role_arn=arn)
    assert (test.state, test.report["code"]) == ("failed", "RoleTooOpen")
    sentence = "can be assumed without any external ID, so anybody could name it as theirs"
    assert sentence in in_org.page
    in_org.post("discovery", access_mode="role", role_arn=arn)
    assert in_org.answer.status_code == 200
    assert in_org.page.count(sentence) == 2
    assert in_org.draft().steps_done == 2


def test_a_role_that_any_external_id_opens_is_refused_until_it_is_mended(in_org: Walk, aws: RunningAws) -> None:
    arn = aws.roles.create("open", trusting(VENDOR_ROLE_ARN, "*", operator="StringLike"), reading_organizations())
    in_org.to("permissions")
    assert discover_as(in_org, access_mode="role", role_arn=arn).report["code"] == "RoleTooOpen"
    assert "with any external ID" in in_org.page
    assert in_org.get("permissions").headers["Location"] == in_org.url("discovery")
    assert in_org.post("permissions", choice="all").headers["Location"] == in_org.url("discovery")
    aws.faults.drop("AssumeRole")  # an answer that proves nothing must not let it through
    discover_as(in_org, access_mode="role", role_arn=arn)
    assert in_org.get("permissions").headers["Location"] == in_org.url("discovery")
    aws.faults.clear()
    aws.roles.delete(arn)
    trust = trusting(VENDOR_ROLE_ARN, in_org.draft().discovery_external_id)
    assert aws.roles.create("open", trust, reading_organizations()) == arn
    assert discover_as(in_org, access_mode="role", role_arn=arn).state == "passed"
    in_org.post("discovery", access_mode="role", role_arn=arn)
    assert in_org.at == "connection"


def test_a_test_that_failed_for_another_reason_keeps_nobody_from_going_on(in_org: Walk, aws: RunningAws) -> None:
    role = _no_role(in_org.to("discovery"), aws)
    assert discover_as(in_org, **role).state == "failed"
    in_org.post("discovery", **role)
    assert (in_org.at, in_org.draft().steps_done) == ("connection", 3)


def _no_role(walk: Walk, aws: RunningAws) -> dict[str, str]:
    return {"access_mode": "role", "role_arn": f"arn:aws:iam::{aws.organization.management_account_id}:role/none"}


def _wrong_id(walk: Walk, aws: RunningAws) -> dict[str, str]:
    return {"access_mode": "role", "role_arn": aws.roles.create_discovery("o_other:aaaaaaaaaaaaaaaaaaaaaaaaaa")}


def _too_little(walk: Walk, aws: RunningAws) -> dict[str, str]:
    trust = trusting(VENDOR_ROLE_ARN, walk.draft().discovery_external_id)
    policy = allowing("organizations:DescribeOrganization", "organizations:ListRoots")
    return {"access_mode": "role", "role_arn": aws.roles.create("poor", trust, policy)}


def _unknown_key(walk: Walk, aws: RunningAws) -> dict[str, str]:
    return dict(BY_KEY)


def _member_account(walk: Walk, aws: RunningAws) -> dict[str, str]:
    account = aws.organization.find_account("Prod").id
    trust = trusting(VENDOR_ROLE_ARN, walk.draft().discovery_external_id)
    return {"access_mode": "role", "role_arn": aws.roles.create("m", trust, reading_organizations(), account=account)}


@pytest.mark.parametrize(
    ("credentials", "says"),
    [
        (_no_role, ["AssumeRole", "AccessDenied"]),
        (_wrong_id, ["AssumeRole", "AccessDenied"]),
        (_too_little, ["ListAccounts", "AccessDenied"]),
        (_unknown_key, ["GetCallerIdentity", "InvalidClientTokenId"]),
        (_member_account, ["is only a member of the AWS organization", "management account"]),
    ],
)
def test_what_aws_refuses_is_said_with_the_call_and_the_code(
    in_org: Walk, aws: RunningAws, credentials: Callable[[Walk, RunningAws], dict[str, str]], says: list[str]
) -> None:
    in_org.to("discovery")
    test = discover_as(in_org, **credentials(in_org, aws))
    assert test.state == "failed"
    for part in says:
        assert part in in_org.page
    assert in_org.draft().steps_done == 3  # a passing fault must not hold anybody up


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda aws: aws.faults.throttle("ListAccounts", 0.0, 0.0), "ListAccounts"),
        (lambda aws: aws.faults.cut_off("ListAccounts"), "ListAccounts"),
        (lambda aws: aws.faults.drop("ListRoots"), "ListRoots"),
        (lambda aws: aws.faults.answer("ListRoots"), "ListRoots"),
        (lambda aws: aws.faults.fail("DescribeOrganization", "ServiceException"), "DescribeOrganization"),
    ],
)
def test_what_aws_answers_badly_is_said_and_nothing_is_shown_as_read(
    in_org: Walk, aws: RunningAws, break_it: Callable[[RunningAws], Any], says: str
) -> None:
    credentials = in_org.to("discovery").credentials(aws)
    break_it(aws)
    test = discover_as(in_org, **credentials)
    assert test.state == "failed"
    assert says in test.report["sentence"]
    assert "tree" not in test.report
    assert test.report["sentence"] in in_org.page


def test_the_page_follows_by_a_fragment_that_stops_at_the_end(in_org: Walk, aws: RunningAws) -> None:
    credentials = in_org.to("discovery").credentials(aws)
    in_org.post("discovery", do="test", **credentials)
    in_org.get("discovery")
    assert "Test Discovery waits for its turn…" in in_org.page
    assert re.search(rf'href="{in_org.url("discovery")}\?at=\d+#test-status">Look again', in_org.html)
    poll = in_org.html.partition('id="report" hx-get="')[2].partition('"')[0]
    headers = {"HX-Request": "true", "HX-Target": "report"}
    in_org.answer = in_org.client.get(poll, headers=headers)
    assert 'hx-trigger="load delay:1s"' in in_org.html
    assert "hx-swap-oob" not in in_org.html  # nothing new: a screen reader is not told again
    assert "<form" not in in_org.html
    in_org.run_test()
    in_org.answer = in_org.client.get(poll, headers=headers)
    assert "hx-trigger" not in in_org.html
    assert '<div id="test-status" hx-swap-oob="innerHTML">' in in_org.html
    assert "HX-Request" in in_org.answer.headers["Vary"]


def test_a_newer_test_takes_the_place_of_one_that_is_open(in_org: Walk, aws: RunningAws) -> None:
    credentials = in_org.to("discovery").credentials(aws)
    in_org.post("discovery", do="test", **credentials)
    older = in_org.test()
    in_org.post("discovery", do="test", **credentials)
    newer = in_org.test()
    access_tests_run.run(in_org.tenant.pk, older.pk, retries=QUICK)
    assert len(aws.calls) == 0
    with isolation.as_tenant(in_org.tenant.pk):
        older.refresh_from_db()
    assert (older.state, older.report["sentence"]) == ("failed", "A newer test took the place of this one.")
    assert in_org.run_test().state == "passed"
    assert in_org.test().pk == newer.pk


def test_a_message_that_comes_twice_or_for_nothing_does_nothing(in_org: Walk, aws: RunningAws) -> None:
    discover_as(in_org.to("discovery"), **in_org.credentials(aws))
    calls = len(aws.calls)
    in_org.run_test()
    access_tests_run.run(in_org.tenant.pk, 999_999)
    assert len(aws.calls) == calls


def test_settings_that_were_changed_before_the_test_began_are_not_tested(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery").post("discovery", do="test", **in_org.credentials(aws))
    in_org.post("discovery", do="rotate")
    assert in_org.run_test().report["sentence"] == "The settings were changed before this test began. Test again."
    assert len(aws.calls) == 0


def test_a_discarded_draft_is_not_tested(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery").post("discovery", do="test", **in_org.credentials(aws))
    in_org.client.post(in_org.scope.url("integration_draft_cancel", draft=in_org.draft().uid))
    assert in_org.run_test().state == "failed"
    assert len(aws.calls) == 0


def test_a_result_about_other_settings_says_so(in_org: Walk, aws: RunningAws) -> None:
    discover_as(in_org.to("discovery"), **in_org.credentials(aws))
    assert "The settings have changed since this test." not in in_org.page
    in_org.post("discovery", do="rotate")
    in_org.get("discovery")
    assert "The settings have changed since this test." in in_org.page


def test_a_test_whose_worker_died_reads_as_failed_after_three_minutes(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery").post("discovery", do="test", **in_org.credentials(aws))
    for minutes, said in ((2, "Test Discovery waits for its turn…"), (4, "Nothing was heard of this test for three")):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False):
            in_org.get("discovery")
            assert said in in_org.page
    assert in_org.run_test().state == "passed"  # it was only late


def test_a_bug_ends_the_test_and_is_raised(in_org: Walk, aws: RunningAws, monkeypatch: pytest.MonkeyPatch) -> None:
    in_org.to("discovery").post("discovery", do="test", **in_org.credentials(aws))
    monkeypatch.setattr(access_tests_run, "sample", lambda _snapshot: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        in_org.run_test()
    assert in_org.test().report["sentence"].startswith("An unexpected error stopped the test.")


def test_a_secret_that_cannot_be_read_is_asked_for_again(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery").post("discovery", do="test", **BY_KEY)
    with isolation.as_tenant(in_org.tenant.pk):
        draft, test = in_org.draft(), in_org.test()
        draft.sealed_secret_key = "gone.AAAA"
        draft.save()
        test.fingerprint = findings.fingerprint(draft, AccessTest.Kind.DISCOVERY)
        test.save()
    assert "Enter the secret key again" in in_org.run_test().report["sentence"]


def test_the_test_is_recorded_without_any_setting(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery").post("discovery", do="test", **in_org.credentials(aws))
    event = in_org.audit()[-1]
    assert (event.action, event.details) == ("access_test.requested", {"kind": "discovery"})
