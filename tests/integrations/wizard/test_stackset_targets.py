"""The StackSet aims at what is chosen in Accounts to mirror, and the page says so."""

import pytest

from tests.fakes.aws import RunningAws
from tests.integrations.wizard.conftest import CONNECTION, Walk


@pytest.fixture
def chosen(in_org: Walk, aws: RunningAws) -> Walk:
    """Test Discovery was green; nothing is chosen yet."""
    in_org.to("discovery")
    credentials = in_org.credentials(aws)
    in_org.post("discovery", do="test", **credentials)
    in_org.run_test()
    in_org.post("discovery", **credentials)
    return in_org


def choose(walk: Walk, **ticks: str) -> None:
    """Tick or untick something in the tree of step 3: the verb is the name."""
    for verb, source_id in ticks.items():
        walk.post("discovery", do=f"{verb} {source_id}", access_mode="role", role_arn=walk.draft().role_arn)


def deployed(walk: Walk, aws: RunningAws) -> set[str]:
    """The names of the accounts that have the role once the file was deployed."""
    url = walk.scope.url("integration_draft_download", draft=walk.draft().uid, file="members.yaml")
    aws.roles.deploy(walk.client.get(url).content.decode())
    name = walk.draft().role_name
    ids = {account.id: account.name for account in aws.organization.accounts.values()}
    return {each for pk, each in ids.items() if aws.world.role(f"arn:aws:iam::{pk}:role/{name}")}


def test_everything_means_the_root(chosen: Walk, aws: RunningAws) -> None:
    chosen.get("connection")
    assert "in all accounts of your AWS organization, the management account" in chosen.page
    assert deployed(chosen, aws) == {"Management", "Prod", "Dev"}
    aws.organization.create_account("Late", parent="Sandbox")
    assert "Late" in deployed(chosen, aws)


def test_an_ou_that_was_left_out_gets_no_role_and_what_comes_to_the_others_does(chosen: Walk, aws: RunningAws) -> None:
    choose(chosen, exclude=aws.organization.find("Workloads").id)
    chosen.get("connection")
    assert "in what is chosen in Accounts to mirror: All accounts, now and later, but for OU Workloads" in chosen.page
    assert deployed(chosen, aws) == {"Management"}
    for parent in ("Sandbox", "Workloads"):
        aws.organization.create_account(f"Late in {parent}", parent=parent)
    assert deployed(chosen, aws) == {"Management", "Late in Sandbox"}


def test_an_account_that_was_chosen_alone_gets_it_alone(chosen: Walk, aws: RunningAws) -> None:
    organization = aws.organization
    choose(chosen, exclude=organization.root_id)
    choose(chosen, include=organization.find("Dev").id)
    chosen.get("connection")
    assert f"Only account Dev ({organization.find('Dev').id})." in chosen.page
    assert deployed(chosen, aws) == {"Dev"}


def test_the_roles_that_were_made_are_those_that_test_connection_tries(chosen: Walk, aws: RunningAws) -> None:
    choose(chosen, exclude=aws.organization.root_id)
    choose(chosen, include=aws.organization.find("Dev").id)
    deployed(chosen, aws)
    chosen.post("connection", do="test", **CONNECTION | {"role_name": chosen.draft().role_name})
    test = chosen.run_test()
    assert (test.state, [result["name"] for result in test.report["results"]]) == ("passed", ["Dev"])
