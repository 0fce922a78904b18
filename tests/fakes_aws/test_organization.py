"""The tree obeys the rules of AWS Organizations, and the sample holds what a real one would."""

from collections import Counter

import pytest

from tests.fakes.aws import AwsOrganization, StandInError, new_organization, sample
from tests.fakes.aws.organization import STATES
from tests.fakes.aws.world import to_json


def test_the_same_seed_gives_the_same_ids() -> None:
    assert new_organization("one") == new_organization("one")
    assert new_organization("one").id != new_organization("two").id


def test_ous_nest_five_levels_deep_and_no_deeper(organization: AwsOrganization) -> None:
    parent = organization.root_id
    for level in range(1, 6):
        parent = organization.create_unit(f"level {level}", parent=parent).id
    with pytest.raises(StandInError, match="level 5"):
        organization.create_unit("too deep", parent=parent)


def test_siblings_have_different_names_cousins_need_not(organization: AwsOrganization) -> None:
    with pytest.raises(StandInError, match="already"):
        organization.create_unit("Workloads")
    other = organization.create_unit("Other")
    assert organization.create_unit("Prod", parent=other.id)
    with pytest.raises(StandInError, match="already"):
        organization.rename(other.id, "Workloads")
    organization.rename(other.id, "Other")


def test_a_name_that_two_have_must_be_given_as_an_id(organization: AwsOrganization) -> None:
    second = organization.create_account("web")
    with pytest.raises(StandInError, match=second.id):
        organization.suspend("web")
    assert organization.suspend(second.id).state == "SUSPENDED"


def test_only_an_empty_ou_can_be_deleted(organization: AwsOrganization) -> None:
    with pytest.raises(StandInError, match="not empty"):
        organization.delete_unit("Prod")
    for account in ("web", "db"):
        organization.move(account, "Root")
    organization.delete_unit("Prod")
    with pytest.raises(StandInError, match="No OU"):
        organization.find_parent("Prod")


def test_the_management_account_stays(organization: AwsOrganization) -> None:
    for change in (organization.suspend, organization.close, organization.remove):
        with pytest.raises(StandInError, match="management account"):
            change("Management")


def test_a_state_that_aws_does_not_have_is_refused(organization: AwsOrganization) -> None:
    with pytest.raises(StandInError, match="is not a state"):
        organization.set_state("web", "PAUSED")


def test_the_sample_is_the_same_every_time() -> None:
    first, second = to_json(sample.world()), to_json(sample.world())
    assert {**first, "session_key": ""} == {**second, "session_key": ""}


def test_the_sample_has_what_makes_names_hard() -> None:
    acme = sample.world().organizations[0]
    names = Counter(account.name for account in acme.accounts.values())
    assert len(acme.accounts) == 62
    assert len(acme.units) == 15
    assert max(acme.level(unit) for unit in acme.units) == 5
    assert names["recommendations"] == 2
    assert {"Data Platform", "data-platform", "Data_Platform", "東京-本番", "sandbox-ليلى"} <= set(names)
    assert {account.state for account in acme.accounts.values()} == {"ACTIVE", "SUSPENDED", "PENDING_CLOSURE"}
    assert acme.accounts[acme.management_account_id].parent_id == acme.root_id
    assert any(account_id.startswith("0") for account_id in acme.accounts)


def test_a_large_one_has_the_size_asked_for() -> None:
    large = sample.build(accounts=1_000, units=100, seed=7)
    assert (len(large.accounts), len(large.units)) == (1_000, 100)
    assert {large.level(unit) for unit in large.units} == {1, 2, 3, 4, 5}
    assert large == sample.build(accounts=1_000, units=100, seed=7)
    assert large != sample.build(accounts=1_000, units=100, seed=8)


def test_the_states_are_those_of_aws() -> None:
    from botocore.loaders import Loader

    model = Loader().load_service_model("organizations", "service-2")
    assert set(STATES) == set(model["shapes"]["AccountState"]["enum"])
