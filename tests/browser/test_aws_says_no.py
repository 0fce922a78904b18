"""What AWS refuses, or fails to answer, is said with the call and the code; nothing is changed."""

import re
import threading

import pytest
from playwright.sync_api import Route

from tests.browser import walks
from tests.browser.conftest import Visit
from tests.browser.given import draft_at, url_of
from tests.conftest import Cast
from tests.fakes.aws import RunningAws, allowing, reading_organizations, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from workspaces import isolation

READS = reading_organizations()


def test_a_role_that_anybody_could_name_is_refused_with_what_to_mend(
    visit: Visit, people: Cast, aws: RunningAws
) -> None:
    draft = draft_at("discovery", people)
    console = visit(people.org_owner).open(url_of(draft, "discovery"))
    console.fill("Role ARN", aws.roles.create("open", trusting(VENDOR_ROLE_ARN), READS))
    walks.run_test(console, "Test Discovery")
    console.sees("RoleTooOpen")
    console.sees(f'"sts:ExternalId": "{draft.discovery_external_id}"')
    console.is_for_everybody()
    console.press("Next")
    assert "can be assumed" in console.complaint_at("Role ARN")


def test_a_role_that_does_not_let_us_in_or_lets_us_read_nothing_is_explained(
    visit: Visit, people: Cast, aws: RunningAws
) -> None:
    draft = draft_at("discovery", people)
    console = visit(people.org_owner).open(url_of(draft, "discovery"))
    walks.run_test(console, "Test Discovery")
    console.sees("AWS refused AssumeRole")
    trust = trusting(VENDOR_ROLE_ARN, draft.discovery_external_id)
    console.fill("Role ARN", aws.roles.create("blind", trust, allowing("organizations:DescribeOrganization")))
    walks.run_test(console, "Test Discovery")
    console.sees("AccessDenied")
    console.sees("Allow organizations:List")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [("drop", "The connection to AWS failed in ListAccounts"), ("cut_off", "AWS answered ListAccounts incompletely")],
)
def test_an_answer_that_does_not_come_whole_is_no_answer(
    visit: Visit, people: Cast, aws: RunningAws, fault: str, sentence: str
) -> None:
    draft = draft_at("discovery", people)
    with isolation.as_tenant(people.acme.pk):
        draft.role_arn = aws.roles.create_discovery(draft.discovery_external_id)
        draft.save()
    getattr(aws.faults, fault)("ListAccounts")
    console = visit(people.org_owner).open(url_of(draft, "discovery"))
    walks.run_test(console, "Test Discovery")
    console.sees(sentence)
    console.sees("Signed in as")
    aws.faults.clear()
    aws.faults.fail("ListAccounts", "TooManyRequestsException", times=2)  # which only makes it slower
    walks.test_discovery(console, folders=6, accounts=8)


def test_a_key_that_aws_does_not_know_is_explained(visit: Visit, people: Cast, aws: RunningAws) -> None:
    console = visit(people.org_owner).open(url_of(draft_at("discovery", people), "discovery"))
    walks.use_key(console, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY+/")
    walks.run_test(console, "Test Discovery")
    console.sees("AWS does not accept this access key (GetCallerIdentity: InvalidClientTokenId)")


def test_a_sync_that_aws_refuses_fails_with_the_reason_and_leaves_the_tree(
    visit: Visit, people: Cast, aws: RunningAws, synced: str
) -> None:
    aws.organization.create_account("newcomer")
    aws.faults.fail("ListAccounts", "AccessDeniedException")
    console = visit(people.org_owner).open(synced)
    console.tab("Advanced")
    console.press("Sync Integration")
    console.sees("Failed")
    console.sees("AWS refused ListAccounts (AccessDeniedException")
    console.is_for_everybody()
    console.tab("Connections")
    console.sees("aws_management")
    assert "newcomer" not in console.page.content()
    aws.faults.clear()
    walks.sync(console, synced, changes="1")
    console.sees("newcomer")


def test_accounts_without_the_role_are_named_by_test_connection(visit: Visit, people: Cast, aws: RunningAws) -> None:
    draft = draft_at("connection", people)
    with isolation.as_tenant(people.acme.pk):
        draft.role_arn = aws.roles.create_discovery(draft.discovery_external_id)
        draft.save()
    trust = trusting(VENDOR_ROLE_ARN, draft.connection_external_id)
    aws.roles.create("pipes-connection", trust, READS)  # in the management account only
    console = visit(people.org_owner).open(url_of(draft, "connection"))
    walks.run_test(console, "Test Connection")
    console.sees("works in 1 of 5 accounts that were tried")
    console.sees("web-prod")
    console.is_for_everybody()


def test_a_page_that_follows_a_test_goes_on_after_answers_that_failed(
    visit: Visit, people: Cast, aws: RunningAws
) -> None:
    draft = draft_at("discovery", people)
    with isolation.as_tenant(people.acme.pk):
        draft.role_arn = aws.roles.create_discovery(draft.discovery_external_id)
        draft.save()
    console = visit(people.org_owner).open(url_of(draft, "discovery"))
    console.watch.allow(503)
    console.watch.allow_lost_requests()
    troubles = ["database", "connection"]
    is_followed = threading.Event()
    aws.faults.after_call("AssumeRole", 1, lambda: is_followed.wait(30))  # or the test may be over before the page asks

    def fail_first(route: Route) -> None:
        is_followed.set()
        trouble = troubles.pop(0) if troubles else ""
        if trouble == "database":
            route.fulfill(status=503, headers={"Retry-After": "5"}, body="The database does not answer at the moment")
        elif trouble == "connection":
            route.abort()
        else:
            route.continue_()

    console.page.route(re.compile(r"\?seen="), fail_first)
    console.press("Test Discovery")
    console.page.get_by_text("Signed in as").wait_for(timeout=60_000)
    assert troubles == []
