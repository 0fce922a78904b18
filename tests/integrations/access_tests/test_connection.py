"""Test Connection against the stand-in AWS."""

from integrations.models import AccessTest
from tests.fakes.aws import RunningAws, reading_organizations, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.wizard.conftest import CONNECTION, Walk


def discover(walk: Walk, aws: RunningAws) -> None:
    """Press Test Discovery, let the worker run it, and go on."""
    walk.post("discovery", do="test", **walk.credentials(aws))
    assert walk.run_test().state == "passed"


def connect(walk: Walk, **values: str) -> AccessTest:
    """Press Test Connection and let the worker run it."""
    walk.post("connection", do="test", **CONNECTION | values)
    assert walk.at == "connection", walk.page
    test = walk.run_test()
    walk.get("connection")
    return test


def make_member_roles(walk: Walk, aws: RunningAws, *names: str) -> None:
    """Create the role in accounts, the management account's name being Management."""
    trust = trusting(VENDOR_ROLE_ARN, walk.draft().connection_external_id)
    for name in names:
        aws.roles.create("pipes-connection", trust, account=aws.organization.find_account(name).id)


def test_the_stackset_makes_the_roles_that_test_connection_finds(in_org: Walk, aws: RunningAws) -> None:
    discover(in_org.to("discovery"), aws)
    url = in_org.scope.url("integration_draft_download", draft=in_org.draft().uid, file="members.yaml")
    template = in_org.client.get(url).content.decode()
    assert f'Default: "{aws.organization.root_id}"' in template
    aws.roles.deploy(template)
    role_name = in_org.draft().role_name
    test = connect(in_org, role_name=role_name)
    assert test.state == "passed"
    assert f"The role {role_name} works in all 3 accounts that were tried." in in_org.page


def test_each_account_is_reported(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery").post("discovery", **in_org.credentials(aws))
    make_member_roles(in_org, aws, "Management", "Prod")
    test = connect(in_org)
    assert test.state == "failed"
    assert "The role pipes-connection works in 2 of 3 accounts that were tried." in in_org.page
    green = {result["name"]: result["is_green"] for result in test.report["results"]}
    assert green == {"Management account": True, "Prod": True, "Dev": False}
    dev = aws.organization.find_account("Dev").id
    assert f"arn:aws:iam::{dev}:role/pipes-connection" in in_org.page
    in_org.post("connection", **CONNECTION)
    assert in_org.at == "permissions"  # new accounts may lack the role for a while


def test_at_most_five_active_accounts_are_tried(in_org: Walk, aws: RunningAws) -> None:
    for number in range(30):
        aws.organization.create_account(f"more-{number}", state="SUSPENDED" if number < 20 else "ACTIVE")
    discover(in_org.to("discovery"), aws)
    aws.calls.clear()
    results = connect(in_org).report["results"]
    assert len(results) == 5
    assert results[0]["name"] == "Management"
    assert aws.calls.count("ListAccounts") == 0


def test_a_key_pair_still_has_its_accounts_assumed_by_us(in_tenant: Walk, aws: RunningAws) -> None:
    key = aws.roles.create_key("pipes", reading_organizations())
    in_tenant.to("discovery").post("discovery", access_mode="key", access_key=key.id, secret_key=key.secret)
    make_member_roles(in_tenant, aws, "Management", "Prod", "Dev")
    assert connect(in_tenant).state == "passed"


def test_a_member_role_that_is_open_to_strangers_is_red(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery").post("discovery", **in_org.credentials(aws))
    make_member_roles(in_org, aws, "Management", "Prod")
    dev = aws.organization.find_account("Dev").id
    aws.roles.create("pipes-connection", trusting(VENDOR_ROLE_ARN), account=dev)
    test = connect(in_org)
    assert test.state == "failed"
    assert "can be assumed without any external ID" in in_org.page


def test_when_aws_does_not_answer_the_accounts_are_not_guessed(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery").post("discovery", **in_org.credentials(aws))
    aws.faults.drop("ListAccounts")
    test = connect(in_org)
    assert (test.state, "results" in test.report) == ("failed", False)
    assert "ListAccounts" in in_org.page
