"""What goes wrong changes nothing, is recorded in a sentence with the call and the code, and the next run heals."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.models import Delivery, Integration, SyncRun
from integrations.sync import run as sync_run
from tests.conftest import Cast
from tests.fakes.aws import new_organization, reading_organizations, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.conftest import QUICK, Synced
from workspaces import isolation

Break = Callable[[Synced], object]


def change(mirror: Synced, **fields: object) -> None:
    """Change the integration's row."""
    with isolation.as_tenant(mirror.integration.tenant_id):
        Integration.objects.filter(pk=mirror.integration.pk).update(**fields)


def replace_role(mirror: Synced, trust: dict[str, object]) -> None:
    mirror.aws.roles.delete(mirror.integration.role_arn)
    mirror.aws.roles.create("pipes-main", trust, reading_organizations())


def lead_elsewhere(mirror: Synced) -> None:
    other = new_organization("other")
    mirror.aws.world.organizations.append(other)
    trust = trusting(VENDOR_ROLE_ARN, mirror.integration.discovery_external_id)
    role = mirror.aws.roles.create("elsewhere", trust, reading_organizations(), account=other.management_account_id)
    change(mirror, role_arn=role)


def leave_out_what_is_there(mirror: Synced) -> None:
    """Dev is missing while the lists are read, and there again when AWS is asked for it by id."""
    organization = mirror.aws.organization
    dev = organization.remove("Dev")

    def bring_back() -> None:
        organization.create_account("Dev", account_id=dev.id, parent="Workloads", joined_at=dev.joined_at)

    mirror.aws.faults.after_call("ListAccounts", 1, bring_back)


def remove_and_deny_to_look(mirror: Synced) -> None:
    mirror.aws.organization.remove("Dev")
    mirror.aws.faults.fail("DescribeAccount", "AccessDeniedException")


def open_role(mirror: Synced) -> None:
    replace_role(mirror, trusting(VENDOR_ROLE_ARN))
    change(mirror, role_proved_at=timezone.now() - timedelta(days=2))


def use_unreadable_key(mirror: Synced) -> None:
    change(mirror, access_mode="key", access_key_id="AKIAAAAAAAAAAAAAAAAA", sealed_secret_key="gone.AAAA")


def workloads(mirror: Synced) -> str:
    return mirror.aws.organization.find("Workloads").id


FAILURES: dict[str, tuple[Break, list[str], bool]] = {
    "throttled": (
        lambda m: m.aws.faults.fail("ListAccounts", "TooManyRequestsException"),
        ["ListAccounts", "TooManyRequestsException"],
        True,
    ),
    "denied unit": (
        lambda m: m.aws.faults.fail("ListOrganizationalUnitsForParent", "AccessDeniedException", on=workloads(m)),
        ["ListOrganizationalUnitsForParent", "AccessDeniedException", "Workloads"],
        False,
    ),
    "cut-off page": (lambda m: m.aws.faults.cut_off("ListAccounts"), ["ListAccounts", "IncompleteAnswer"], True),
    "nonsense": (lambda m: m.aws.faults.answer("ListRoots"), ["ListRoots"], True),
    "dropped connection": (lambda m: m.aws.faults.drop("ListAccounts"), ["ListAccounts"], True),
    "no role": (lambda m: m.aws.roles.delete(m.integration.role_arn), ["AssumeRole", "AccessDenied"], False),
    "our own key": (
        lambda m: m.aws.faults.fail("AssumeRole", "InvalidClientTokenId"),
        ["of this installation itself", "AssumeRole", "InvalidClientTokenId"],
        True,
    ),
    "our clock": (
        lambda m: setattr(m.aws.faults, "clock_ahead", 1200.0),
        ["clock of this installation", "AssumeRole", "SignatureDoesNotMatch"],
        True,
    ),
    "our clock, after the role was assumed": (
        lambda m: m.aws.faults.after_call("ListRoots", 1, lambda: setattr(m.aws.faults, "clock_ahead", -1200.0)),
        ["clock of this installation", "InvalidSignatureException"],
        True,
    ),
    "wrong external id": (
        lambda m: replace_role(m, trusting(VENDOR_ROLE_ARN, "somebody:else")),
        ["AssumeRole", "AccessDenied"],
        False,
    ),
    "open role": (open_role, ["AssumeRole", "RoleTooOpen", "sts:ExternalId"], False),
    "another AWS organization": (lead_elsewhere, ["DescribeOrganization", "AnotherOrganization"], False),
    "no AWS organization": (
        lambda m: m.aws.faults.fail("DescribeOrganization", "AWSOrganizationsNotInUseException"),
        ["DescribeOrganization", "AWSOrganizationsNotInUseException"],
        False,
    ),
    "left out but there": (leave_out_what_is_there, ["ListAccounts", "IncompleteAnswer"], True),
    "no answer to whether it is gone": (
        remove_and_deny_to_look,
        ["DescribeAccount", "AccessDeniedException"],
        False,
    ),
    "unreadable secret": (use_unreadable_key, ["stored secret", "Config"], False),
}


def mend(mirror: Synced) -> None:
    """Undo whatever was broken."""
    mirror.aws.faults.clear()
    if mirror.aws.iam.roles.get(mirror.integration.role_arn):
        mirror.aws.roles.delete(mirror.integration.role_arn)
    mirror.aws.roles.create_discovery(mirror.integration.discovery_external_id, name="pipes-main")
    change(mirror, role_arn=mirror.integration.role_arn, access_mode="role")


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_changes_nothing_and_the_next_run_heals(mirror: Synced, name: str) -> None:
    break_it, expected, is_transient = FAILURES[name]
    mirror.work()
    before, mirror.aws.organization.create_account("New", parent="Sandbox").joined_at = mirror.tree(), 5.0
    break_it(mirror)
    failed = mirror.sync()
    assert mirror.tree() == before
    assert failed.state == SyncRun.State.FAILED
    assert [part for part in expected if part not in failed.error] == []
    assert failed.error.endswith((".", "}}", '"'))
    assert (failed.changes, failed.counts, failed.phase) == ([], {}, "")
    assert failed.is_about_access is not is_transient
    schedule = mirror.schedule()
    assert (schedule.claim, schedule.failures) == (None, 1)
    assert (schedule.next_due_at < timezone.now() + timedelta(minutes=2)) is is_transient
    mend(mirror)
    healed = mirror.sync()
    assert (healed.state, healed.error) == ("succeeded", "")
    assert mirror.tree()["new"] == "Root/Sandbox/New active"
    assert mirror.schedule().failures == 0


@pytest.mark.parametrize("mode", ["role", "key"])
def test_a_wrong_clock_of_ours_writes_to_no_customer_and_makes_nobody_wait_for_long(mirror: Synced, mode: str) -> None:
    if mode == "key":
        key = mirror.aws.roles.create_key("reader", reading_organizations())
        with isolation.as_tenant(mirror.integration.tenant_id):
            mirror.integration.access_mode, mirror.integration.access_key_id = "key", key.id
            mirror.integration.secret_key = key.secret
            mirror.integration.save()
    mirror.work()
    mirror.aws.faults.clock_ahead = 20 * 60.0
    for _ in range(3):
        assert "clock of this installation" in mirror.sync().error
        schedule = mirror.schedule()
        assert schedule.lasting_failures == 0
        assert schedule.next_due_at < timezone.now() + timedelta(seconds=schedule.interval_seconds * 1.1)
    with isolation.as_tenant(mirror.integration.tenant_id):
        assert not Delivery.objects.of(mirror.integration).exists()
    mirror.aws.faults.clock_ahead = 0.0
    assert mirror.sync().state == "succeeded"


def test_a_failed_run_says_how_far_it_came(mirror: Synced) -> None:
    mirror.aws.faults.fail("ListAccounts", "AccessDeniedException")
    failed = mirror.work()
    assert failed.aws_calls == len(mirror.aws.calls) > 5


def test_an_open_role_is_refused_on_the_first_sync(mirror: Synced) -> None:
    replace_role(mirror, trusting(VENDOR_ROLE_ARN, "*", operator="StringLike"))
    assert "RoleTooOpen" in mirror.work().error
    assert mirror.tree() == {"root": "Root"}
    assert mirror.aws.calls.count("ListAccounts") == 0


def test_without_an_identity_of_our_own_a_sync_says_what_the_operator_can_do(
    mirror: Synced, settings: Settings
) -> None:
    settings.PIPES_AWS_PRINCIPALS = {}
    assert "PIPES_AWS_PRINCIPAL_ARN" in mirror.work().error
    assert len(mirror.aws.calls) == 0


def test_a_bug_in_the_middle_is_loud_and_the_run_is_recorded_as_failed(mirror: Synced) -> None:
    mirror.work()
    before, _ = mirror.tree(), mirror.aws.organization.create_account("New")

    def stumble(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.COMPARING:
            raise ZeroDivisionError

    with isolation.as_tenant(mirror.integration.tenant_id):
        from integrations.sync import requests

        requests.request_sync(integration=mirror.integration, by=None, now=timezone.now())
    with pytest.raises(ZeroDivisionError):
        sync_run.run(mirror.integration.tenant_id, mirror.integration.pk, watch=stumble)
    failed = mirror.runs()[-1]
    assert (failed.state, mirror.tree()) == ("failed", before)
    assert failed.error == "An unexpected error (ZeroDivisionError) stopped the sync. Nothing was changed."
    assert mirror.sync().state == "succeeded"


def test_an_integration_that_is_gone_has_nothing_to_sync(mirror: Synced, cast: Cast) -> None:
    integration, tenant_id = mirror.integration, mirror.integration.tenant_id
    with isolation.as_tenant(tenant_id):
        Integration.objects.filter(pk=integration.pk).delete()
    assert sync_run.run(tenant_id, integration.pk, retries=QUICK) is None


def test_an_integration_that_goes_while_it_is_read_ends_the_run_quietly(mirror: Synced) -> None:
    def drop(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.READING:
            with isolation.as_tenant(run.tenant_id):
                Integration.objects.filter(pk=run.integration_id).delete()

    assert sync_run.run(mirror.integration.tenant_id, mirror.integration.pk, watch=drop, retries=QUICK) is None


def test_nothing_secret_is_logged_or_recorded(
    mirror: Synced, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    key = mirror.aws.roles.create_key("pipes", reading_organizations())
    with isolation.as_tenant(mirror.integration.tenant_id):
        mirror.integration.access_mode, mirror.integration.access_key_id = "key", key.id
        mirror.integration.secret_key = key.secret
        mirror.integration.save()
    mirror.work()
    mirror.aws.faults.fail("ListAccounts", "AccessDeniedException")
    failed = mirror.sync()
    written = "".join(capsys.readouterr()) + caplog.text + failed.error + repr(failed.__dict__)
    for told in ("sync_failed", "ListAccounts", "AccessDeniedException"):  # it was looked at where it would be
        assert told in written
    assert key.secret not in written
    assert "Signature=" not in written
