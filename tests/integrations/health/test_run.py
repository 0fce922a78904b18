"""A tenant's connections tested against the stand-in AWS: what is found, and what is left as it was."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Connection, ConnectionState
from integrations.access_tests import run as access_tests_run
from integrations.health import batches, policy
from integrations.health import run as health_run
from integrations.health.policy import Finding, Kind
from integrations.models import AccountAccess, HealthSchedule, Integration
from integrations.nodes import account_access, managed
from integrations.settings import change
from tests.conftest import Cast
from tests.fakes.aws import reading_organizations, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.conftest import QUICK
from tests.integrations.health.conftest import ROLE, Scene
from workspaces import isolation

ALL = ("Management", "Prod", "Dev")


def test_each_connection_says_whether_its_role_works_and_what_to_do(tested: Scene) -> None:
    tested.make_roles("Prod")
    tested.make_roles("Dev", external_id=None)
    tested.run()
    assert tested.healths() == {"Management": "failing", "Prod": "healthy", "Dev": "failing"}
    prod, dev, management = tested.node("Prod"), tested.node("Dev"), tested.node("Management")
    assert prod.health_reason == ""
    assert "can be assumed without any external ID" in dev.health_reason
    assert '"Condition": {"StringEquals": {"sts:ExternalId": ' in dev.health_reason
    assert "the role does not exist" in management.health_reason
    assert "which a StackSet never covers" in management.health_reason
    assert prod.health_tested_at is not None
    assert prod.health_due_at > timezone.now()


def test_a_wrong_external_id_and_a_missing_role_are_not_told_apart_by_guessing(tested: Scene) -> None:
    tested.make_roles("Prod", external_id="t_somebody:else")
    tested.run()
    reasons = [tested.node(name).health_reason.replace(tested.account(name), "…") for name in ("Prod", "Dev")]
    assert reasons[0] == reasons[1]
    assert "another external ID than ours" in reasons[0]


def test_a_disabled_region_says_which_and_where_to_activate_it(tested: Scene) -> None:
    tested.make_roles(*ALL)
    tested.aws.faults.fail(
        "AssumeRole", "RegionDisabledException", on=f"arn:aws:iam::{tested.account('Dev')}:role/{ROLE}"
    )
    tested.run()
    assert tested.healths() == {"Management": "healthy", "Prod": "healthy", "Dev": "failing"}
    reason = tested.node("Dev").health_reason
    assert "switched AWS STS off for the Region us-east-1" in reason
    assert "activate the STS endpoint" in reason


@pytest.mark.parametrize("fault", ["throttle", "drop", "our key", "hang"])
def test_trouble_of_our_own_takes_nothing_back_and_the_tests_rest(tested: Scene, fault: str) -> None:
    tested.make_roles("Prod", "Dev")
    tested.run()
    before = tested.healths()
    assert before == {"Management": "failing", "Prod": "healthy", "Dev": "healthy"}
    tested.age()
    faults, seconds = tested.aws.faults, 20.0
    if fault == "throttle":
        faults.fail("AssumeRole", "Throttling")
    elif fault == "drop":
        faults.drop("AssumeRole")
    elif fault == "our key":
        faults.fail("AssumeRole", "InvalidClientTokenId")
    else:
        faults.hang("AssumeRole")
        seconds = 0.3
    reason = tested.node("Management").health_reason
    tested.run(within_seconds=seconds)
    assert tested.healths() == before
    assert tested.node("Management").health_reason == reason
    now = timezone.now()
    for name in ALL:
        assert now + timedelta(minutes=14) < tested.node(name).health_due_at < now + timedelta(minutes=16)
    assert HealthSchedule.objects.get().next_due_at > now + timedelta(minutes=14)


def test_roles_that_all_worked_and_are_all_refused_at_once_are_said_to_be(tested: Scene) -> None:
    tested.make_roles("Prod", "Dev")
    tested.run()
    tested.age()
    tested.aws.faults.fail("AssumeRole", "AccessDenied")  # as if our own identity might not assume roles any more
    tested.run()
    assert tested.healths() == {"Management": "failing", "Prod": "failing", "Dev": "failing"}
    shared = "All 2 roles of this integration that used to work"
    for name in ("Prod", "Dev"):
        reason = tested.node(name).health_reason
        assert reason.startswith("AWS refused AssumeRole")
        assert shared in reason
        assert "only its operator can mend" in reason
    assert shared not in tested.node("Management").health_reason  # it never worked


def test_a_refusal_beside_a_role_that_works_is_its_own(tested: Scene) -> None:
    tested.make_roles(*ALL)
    tested.run()
    tested.age()
    for name in ("Prod", "Dev"):
        arn = f"arn:aws:iam::{tested.account(name)}:role/{ROLE}"
        tested.aws.faults.fail("AssumeRole", "AccessDenied", on=arn)
    tested.run()
    assert tested.healths() == {"Management": "healthy", "Prod": "failing", "Dev": "failing"}
    assert "at once" not in tested.node("Prod").health_reason


def test_what_was_never_tested_says_why_no_test_came_to_a_result(tested: Scene) -> None:
    tested.aws.faults.fail("AssumeRole", "Throttling")
    tested.run()
    assert set(tested.healths().values()) == {"untested"}
    assert "AWS throttles AssumeRole" in tested.node("Prod").health_reason


def test_one_account_without_an_answer_does_not_hold_up_the_others(tested: Scene) -> None:
    tested.make_roles(*ALL)
    tested.aws.faults.fail("AssumeRole", "Throttling", on=f"arn:aws:iam::{tested.account('Dev')}:role/{ROLE}")
    tested.run()
    assert tested.healths() == {"Management": "healthy", "Prod": "healthy", "Dev": "untested"}
    assert HealthSchedule.objects.get().next_due_at < timezone.now() + timedelta(minutes=16)


def test_a_new_connection_gets_its_first_minutes(tested: Scene) -> None:
    tested.age(timedelta(seconds=10))
    tested.run()
    assert set(tested.healths().values()) == {"untested"}
    assert tested.node("Prod").health_due_at < timezone.now() + timedelta(minutes=1)
    tested.make_roles(*ALL)
    tested.age(timedelta(minutes=2))
    tested.run()
    assert set(tested.healths().values()) == {"healthy"}


def test_only_active_connections_that_are_there_are_tested(tested: Scene) -> None:
    with isolation.as_tenant(tested.tenant_id):
        Connection.objects.filter(title="Dev").update(state=ConnectionState.SUSPENDED)
        Connection.objects.filter(title="Prod").update(removed_at=timezone.now())
    tested.aws.calls.clear()
    tested.run()
    asked = {call.parameters["RoleArn"] for call in tested.aws.calls}
    assert asked == {f"arn:aws:iam::{tested.account('Management')}:role/{ROLE}"}
    assert tested.node("Dev").health == "untested"


def test_without_a_role_name_nothing_is_asked_and_the_reason_says_so(tested: Scene) -> None:
    with isolation.as_tenant(tested.tenant_id):
        Integration.objects.update(role_name="")
    tested.aws.calls.clear()
    tested.run()
    assert len(tested.aws.calls) == 0
    assert "The integration has no role name yet" in tested.node("Prod").health_reason


def test_the_partition_of_an_access_key_is_known_from_the_last_sync(tested: Scene) -> None:
    key = tested.aws.roles.create_key("pipes", reading_organizations())
    with isolation.as_tenant(tested.tenant_id):
        integration = Integration.objects.select_related("tenant").get()
        assert integration.partition == "aws"
        integration.access_mode, integration.access_key_id, integration.role_arn = "key", key.id, ""
        integration.partition = "aws-us-gov"
        integration.save()
    tested.run()
    assert "in the AWS partition aws-us-gov, where this installation has no identity" in (
        tested.node("Prod").health_reason
    )


def test_a_sync_leaves_health_alone_wherever_a_connection_goes(tested: Scene) -> None:
    tested.make_roles(*ALL)
    tested.run()
    before = tested.node("Prod")
    organization = tested.aws.organization
    organization.move("Prod", "Sandbox")
    organization.rename("Prod", "Shop")
    assert tested.mirror.sync().state == "succeeded"
    removed = organization.find_account("Shop")
    with isolation.as_tenant(tested.tenant_id):
        Connection.objects.filter(title="Shop").update(removed_at=timezone.now())
    assert tested.mirror.sync().counts == {"return": 1}, removed
    after = tested.node("Shop")
    assert (after.health, after.health_tested_at, after.health_due_at) == (
        "healthy",
        before.health_tested_at,
        before.health_due_at,
    )


def test_a_result_about_what_was_changed_meanwhile_is_dropped(tested: Scene) -> None:
    seen = tested.node("Prod")
    with isolation.as_tenant(tested.tenant_id):
        batches.forget(tested.tenant_id, Connection.objects.filter(pk=seen.pk))
        assert not policy.record(seen, Finding(Kind.WORKS), now=timezone.now())
    assert tested.node("Prod").health == "untested"


def test_another_role_name_makes_what_was_found_stale(tested: Scene, cast: Cast) -> None:
    tested.make_roles(*ALL)
    tested.run()
    with isolation.as_tenant(tested.tenant_id):
        integration = Integration.objects.select_related("tenant", "organization").get()
        wanted = Integration.objects.select_related("tenant", "organization").get()
        for role_name, expected in ((ROLE, {"healthy"}), ("pipes-other", {"untested"})):
            wanted.role_name = role_name
            version = str(Integration.objects.get().version)
            change.change_connection_settings(
                integration=integration, wanted=wanted, version=version, seen="", by=cast.org_owner
            )
            assert set(tested.healths().values()) == expected
    node = tested.node("Prod")
    assert node.health_tested_at is None
    assert node.health_due_at <= timezone.now()


def press_test(tested: Scene, cast: Cast, name: str) -> None:
    """Press Test Connection of one connection, and let the worker run it."""
    with isolation.as_tenant(tested.tenant_id):
        test = managed.request_connection_test(
            node=Connection.objects.get(title=name),
            integration=Integration.objects.select_related("tenant", "organization").get(),
            by=cast.org_owner,
            now=timezone.now(),
        )
    access_tests_run.run(tested.tenant_id, test.pk, retries=QUICK)


def test_test_connection_updates_the_health_at_once(tested: Scene, cast: Cast) -> None:
    tested.make_roles("Prod")
    for name, expected in (("Prod", "healthy"), ("Dev", "failing")):
        press_test(tested, cast, name)
        assert tested.node(name).health == expected
    tested.make_roles("Dev")
    press_test(tested, cast, "Dev")
    assert tested.node("Dev").health == "healthy"
    assert tested.node("Management").health == "untested"


def test_a_test_of_settings_that_nobody_saved_says_nothing_about_health(tested: Scene) -> None:
    with isolation.as_tenant(tested.tenant_id):
        integration = Integration.objects.select_related("tenant").get()
        seen = health_run.connections_to_test(integration, [tested.account("Prod")])
        integration.role_name = "pipes-other"
        health_run.record_results(integration, seen, {tested.account("Prod"): None})
    assert tested.node("Prod").health == "untested"


def by_hand(tested: Scene, cast: Cast) -> AccountAccess:
    with isolation.as_tenant(tested.tenant_id):
        account_access.create_connection(scope=cast.at_org, folder=None, handle="mine", title="Mine", by=cast.org_owner)
        return AccountAccess.objects.select_related("connection", "tenant", "organization").get()


def give_access(cast: Cast, access: AccountAccess, **values: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        wanted = AccountAccess.objects.select_related("connection", "tenant").get(pk=access.pk)
        for name, value in values.items():
            setattr(wanted, name, value)
        seen = account_access.fingerprint(AccountAccess.objects.get(pk=access.pk))
        account_access.change_access(access=access, wanted=wanted, seen=seen, by=cast.org_owner)


def test_connections_made_by_hand_are_tested_too_by_role_and_by_key(tested: Scene, cast: Cast) -> None:
    access = by_hand(tested, cast)
    tested.run()
    assert tested.node_by_hand().health == "untested"
    trust = trusting(VENDOR_ROLE_ARN, access.discovery_external_id)
    role_arn = tested.aws.roles.create("mine", trust, account=tested.account("Prod"))
    give_access(cast, access, role_arn=role_arn)
    tested.run()
    assert tested.node_by_hand().health == "healthy"
    key = tested.aws.roles.create_key("pipes", reading_organizations())
    give_access(cast, access, access_mode="key", access_key_id=key.id, secret_key=key.secret)
    assert tested.node_by_hand().health == "untested"
    tested.run()
    assert tested.node_by_hand().health == "healthy"
    tested.aws.world.iam.keys[key.id].is_active = False
    tested.age()
    tested.run()
    assert tested.node_by_hand().health == "failing"
    assert "AWS does not accept this access key" in tested.node_by_hand().health_reason
    assert "StackSet" not in tested.node_by_hand().health_reason


def test_test_connection_of_one_made_by_hand_updates_its_health(tested: Scene, cast: Cast) -> None:
    access = by_hand(tested, cast)
    arn = f"arn:aws:iam::{tested.account('Prod')}:role/mine"
    give_access(cast, access, role_arn=arn)
    tested.age()
    for external_id, expected in (("wrong", "failing"), (access.discovery_external_id, "healthy")):
        tested.aws.roles.create("mine", trusting(VENDOR_ROLE_ARN, external_id), account=tested.account("Prod"))
        with isolation.as_tenant(tested.tenant_id):
            test = account_access.request_connection_test(access=access, by=cast.org_owner, now=timezone.now())
        access_tests_run.run(tested.tenant_id, test.pk, retries=QUICK)
        assert tested.node_by_hand().health == expected
