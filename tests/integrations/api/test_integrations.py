"""Integrations by program: from a config map to a tree, and changes of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections.models import Connection, Grant
from integrations.jobs import slots
from integrations.models import Integration, SettingsTrial, SyncRun
from integrations.sync import run as sync_run
from integrations.trials import run as trials_run
from integrations.trials import settings_trial, unattended
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import QUICK, Synced
from tests.programs import Program, ProgramOf
from workspaces import isolation
from workspaces.models import Membership

AT_ORG = "/org/tnt/integration"


def config_of(aws: RunningAws, cast: Cast, **further: Any) -> dict[str, Any]:
    """A config with an external id of the program's, and the role that requires it."""
    external_id = f"{cast.tnt.public_id}:abcdefghijklm23456"
    arn = aws.roles.create_discovery(external_id, name="pipes-discovery")
    return {
        "discovery_mode": "role",
        "discovery_role_arn": arn,
        "discovery_external_id": external_id,
        "role_name": "pipes",
        "handle_prefix": "acme_",
        "regions": ["us-*", "eu-west-1"],
    } | further


def problem(answer: Any, status: int, field: str = "") -> str:
    """The sentence of a refusal, of this field."""
    assert answer.status_code == status, answer.content
    said = answer.json()
    if field:
        assert [one["location"] for one in said["validation_errors"]] == [field]
    return str(said["detail"])


@pytest.fixture
def ours(program: ProgramOf, cast: Cast) -> Program:
    return program(cast.org_owner)


def test_a_config_becomes_a_tree_and_comes_back_as_it_was_sent(ours: Program, aws: RunningAws, cast: Cast) -> None:
    sent = config_of(aws, cast, permissions=[{"identity_handle": "tnt", "workspace_handle": "fireworks"}])
    made = ours("POST", AT_ORG, {"handle": "awsi", "type": "aws", "config": sent})
    assert made.status_code == 201, made.content
    answer = made.json()
    assert (answer["state"], answer["identity_id"]) == ("pending", cast.tnt.public_id)
    assert answer["config"] == sent
    with isolation.as_tenant(cast.acme.pk):
        integration = Integration.objects.get()
        assert Grant.objects.get().workspace_id == cast.fireworks.pk
    sync_run.perform(cast.acme.pk, integration.pk, retries=QUICK)
    after = ours.get(f"{AT_ORG}/{answer['id']}")
    assert (after["state"], after["config"]) == ("enabled", sent)
    with isolation.as_tenant(cast.acme.pk):
        assert {one.handle for one in Connection.objects.all()} >= {"acme_prod", "acme_dev"}
    process = ours.get("/org/tnt/process")["items"][0]
    assert (process["state"], process["type"]) == ("completed", "integration.sync")
    assert ours.get(f"/org/tnt/process/{process['id']}/change")["items"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"discovery_role_arn": "nonsense"}, "config.discovery_role_arn"),
        ({"discovery_role_name": "other"}, "config.discovery_role_name"),
        ({"discovery_external_id": "o_00000000000000000000:abcdefghijklmnop"}, "config.discovery_external_id"),
        ({"discovery_external_id": "{own}:short"}, "config.discovery_external_id"),
        ({"discovery_external_id": "{own}:abcdefghijklmnop:x"}, "config.discovery_external_id"),
        ({"regions": ["mars-1"]}, "config.regions"),
        ({"max_error_retry_attempts": 0}, "config.max_error_retry_attempts"),
        ({"max_error_retry_attempts": "9"}, "config.max_error_retry_attempts"),
        ({"handle_prefix": "Not-One"}, "config.handle_prefix"),
        ({"role_name": "no spaces"}, "config.role_name"),
        ({"colour": "red"}, "config.colour"),
        ({"permissions": [{"identity_handle": "ops"}]}, "config.permissions"),
        ({"permissions": [{"tenant_handle": "acme"}]}, "config.permissions"),
        ({"permissions": [{"identity_handle": "tnt", "workspace_handle": "pager"}]}, "config.permissions"),
        ({"discovery_mode": "access_key"}, "config.discovery_access_key"),
    ],
)
def test_what_is_wrong_with_a_config_is_said_of_its_key(
    ours: Program, aws: RunningAws, cast: Cast, change: dict[str, Any], field: str
) -> None:
    own = {
        key: value.replace("{own}", cast.tnt.public_id) if isinstance(value, str) else value
        for key, value in change.items()
    }
    answer = ours("POST", AT_ORG, {"handle": "awsi", "type": "aws", "config": config_of(aws, cast) | own})
    assert problem(answer, 400, field)
    with isolation.as_tenant(cast.acme.pk):
        assert not Integration.objects.exists()


def test_a_secret_is_taken_and_never_given_back(ours: Program, aws: RunningAws, cast: Cast) -> None:
    key_id, secret = "AKIAIOSFODNN7EXAMPLE", "x" * 40
    sent = {"discovery_mode": "access_key", "discovery_access_key": key_id, "discovery_secret_key": secret}
    made = ours("POST", AT_ORG, {"handle": "awsi", "type": "aws", "config": sent})
    assert made.status_code == 201, made.content
    assert secret not in made.content.decode()
    assert made.json()["config"] == {"discovery_mode": "access_key", "discovery_access_key": key_id}
    again = ours("PATCH", f"{AT_ORG}/awsi", {"config": {"discovery_mode": "access_key", "regions": ["eu-west-1"]}})
    assert again.status_code == 200, again.content
    with isolation.as_tenant(cast.acme.pk):
        assert Integration.objects.get().secret_key == secret
        assert not SettingsTrial.objects.exists()


def test_a_handle_is_taken_once_and_may_have_an_underscore(ours: Program, aws: RunningAws, cast: Cast) -> None:
    body = {"handle": "aws_main", "type": "aws", "config": config_of(aws, cast)}
    assert ours("POST", AT_ORG, body).status_code == 201
    body["config"] = {**body["config"], "discovery_external_id": None}  # type: ignore[dict-item]
    assert problem(ours("POST", AT_ORG, body), 409, "handle")
    assert problem(ours("POST", AT_ORG, body | {"type": "gcp", "handle": "other"}), 400, "type")


def test_an_external_id_is_nobody_elses(ours: Program, aws: RunningAws, cast: Cast) -> None:
    sent = config_of(aws, cast)
    assert ours("POST", AT_ORG, {"handle": "one", "type": "aws", "config": sent}).status_code == 201
    again = ours("POST", AT_ORG, {"handle": "two", "type": "aws", "config": sent})
    assert "Something else here has this external id" in problem(again, 400, "config.discovery_external_id")


def test_what_is_made_in_the_console_is_shown_whole_and_then_as_it_is_sent(
    ours: Program, synced: Synced, cast: Cast
) -> None:
    whole = ours.get(f"{AT_ORG}/main")
    assert whole["state"] == "enabled"
    assert whole["config"]["discovery_role_arn"] == synced.integration.role_arn
    assert whole["config"]["external_id"] == synced.integration.connection_external_id
    mine = {"discovery_mode": "role", "discovery_role_arn": synced.integration.role_arn, "handle_prefix": "acme_"}
    changed = ours("PATCH", f"{AT_ORG}/main", {"config": mine, "state": "enabled"}).json()
    assert changed["config"] == mine
    with isolation.as_tenant(cast.acme.pk):
        assert Connection.objects.filter(handle="acme_prod").exists()
        Integration.objects.update(handle_prefix="else_")  # as somebody does in the console
    assert ours.get(f"{AT_ORG}/main")["config"] == mine | {"handle_prefix": "else_"}


def other_role(synced: Synced) -> str:
    """Make another role for the same external id."""
    return synced.aws.roles.create_discovery(synced.integration.discovery_external_id, name="pipes-other")


def test_other_credentials_are_used_once_they_were_read_with(ours: Program, synced: Synced, cast: Cast) -> None:
    arn = other_role(synced)
    synced.aws.organization.rename("Prod", "Production")
    config = {"discovery_mode": "role", "discovery_role_arn": arn}
    pending = ours("PATCH", f"{AT_ORG}/main", {"config": config}).json()
    assert (pending["state"], pending["config"]) == ("pending", config)
    with isolation.as_tenant(cast.acme.pk):
        trial = SettingsTrial.objects.get()
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    after = ours.get(f"{AT_ORG}/main")
    assert (after["state"], after["config"]) == ("enabled", config)
    with isolation.as_tenant(cast.acme.pk):
        assert Connection.objects.filter(handle="production").exists()
        run = SyncRun.objects.latest("pk")
        assert (run.trigger, run.started_by) == (SyncRun.Trigger.SETTINGS, cast.org_owner)


def test_credentials_that_do_not_work_leave_all_as_it_was(ours: Program, synced: Synced, cast: Cast) -> None:
    wrong = "arn:aws:iam::111122223333:role/nobody"
    ours("PATCH", f"{AT_ORG}/main", {"config": {"discovery_mode": "role", "discovery_role_arn": wrong}})
    with isolation.as_tenant(cast.acme.pk):
        trial = SettingsTrial.objects.get()
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    after = ours.get(f"{AT_ORG}/main")
    assert after["state"] == "error"
    assert after["state_reason"]
    assert after["config"]["discovery_role_arn"] == synced.integration.role_arn


def test_what_would_remove_too_much_waits_for_somebody(ours: Program, synced: Synced, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(deletion_limit_percent=0, deletion_limit_count=0)
        integration = Integration.objects.get()
        before = Connection.objects.filter(removed_at=None).count()
    synced.aws.organization.close("Prod", now=True)
    ours("PATCH", f"{AT_ORG}/main", {"config": {"discovery_mode": "role", "discovery_role_arn": other_role(synced)}})
    with isolation.as_tenant(cast.acme.pk):
        trial = SettingsTrial.objects.get()
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    after = ours.get(f"{AT_ORG}/main")
    assert after["state"] == "error"
    assert "over the deletion limit" in after["state_reason"]
    with isolation.as_tenant(cast.acme.pk):
        assert Connection.objects.filter(removed_at=None).count() == before
        trial.refresh_from_db()
        assert trial.state == SettingsTrial.State.READY
        assert trial.expires_at > timezone.now() + timedelta(days=6)
        assert Integration.objects.get().role_arn == integration.role_arn


def test_the_plan_allows_it_or_says_so(ours: Program, aws: RunningAws, cast: Cast) -> None:
    with isolation.as_operator():
        type(cast.acme).objects.filter(pk=cast.acme.pk).update(plan="developer")
    answer = ours("POST", AT_ORG, {"handle": "awsi", "type": "aws", "config": config_of(aws, cast)})
    assert "Team or Enterprise plan" in problem(answer, 402)


def test_a_sync_is_asked_for_and_an_integration_deleted(ours: Program, synced: Synced, cast: Cast) -> None:
    asked = ours("POST", f"{AT_ORG}/main/command", {"command": "refresh"})
    assert (asked.status_code, asked.json()) == (201, {"command": "refresh"})
    assert problem(ours("POST", f"{AT_ORG}/main/command", {"command": "reboot"}), 400, "command")
    queued = ours.get("/org/tnt/process?where=state = 'pending'")["items"]
    assert [one["created_by"]["handle"] for one in queued] == [cast.org_owner.handle]
    assert ours("POST", f"{AT_ORG}/main/test").status_code == 200
    assert ours("DELETE", f"{AT_ORG}/main").status_code == 200
    assert ours("GET", f"{AT_ORG}/main").status_code == 404


def open_trial(cast: Cast) -> SettingsTrial:
    with isolation.as_tenant(cast.acme.pk):
        return SettingsTrial.objects.get()


def send_role(ours: Program, arn: str, **further: Any) -> Any:
    config = {"discovery_mode": "role", "discovery_role_arn": arn}
    return ours("PATCH", f"{AT_ORG}/main", {"config": config} | further)


def test_a_handle_and_credentials_change_in_one_request(ours: Program, synced: Synced, cast: Cast) -> None:
    arn = other_role(synced)
    answer = send_role(ours, arn, handle="renamed", state="enabled")
    assert (answer.status_code, answer.json()["handle"]) == (200, "renamed")
    trials_run.run(cast.acme.pk, open_trial(cast).pk, retries=QUICK)
    after = ours.get(f"{AT_ORG}/renamed")
    assert (after["state"], after["config"]["discovery_role_arn"]) == ("enabled", arn)


def test_credentials_that_are_taken_back_are_not_used(ours: Program, synced: Synced, cast: Cast) -> None:
    send_role(ours, other_role(synced))
    assert open_trial(cast).is_unattended
    back = send_role(ours, synced.integration.role_arn).json()
    assert back["state"] == "enabled"
    with isolation.as_tenant(cast.acme.pk):
        assert not SettingsTrial.objects.exists()


def test_what_a_person_tries_is_not_taken_from_them(ours: Program, synced: Synced, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        wanted = Integration.objects.select_related("tenant", "organization").get()
        wanted.role_arn = other_role(synced)
        current = Integration.objects.select_related("tenant", "organization").get()
        version = str(current.version)
        settings_trial.start(integration=current, wanted=wanted, version=version, by=cast.tenant_owner)
    assert "is trying other settings" in problem(send_role(ours, "arn:aws:iam::111122223333:role/third"), 409)
    assert not open_trial(cast).is_unattended


def test_another_aws_organization_waits_for_somebody_however_small(ours: Program, synced: Synced, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(source_organization_id="o-another000")
    send_role(ours, other_role(synced))
    trials_run.run(cast.acme.pk, open_trial(cast).pk, retries=QUICK)
    after = ours.get(f"{AT_ORG}/main")
    assert (after["state"], "another AWS organization" in after["state_reason"]) == ("error", True)
    with isolation.as_tenant(cast.acme.pk):
        assert Connection.objects.filter(removed_at=None).exists()


def test_who_is_no_owner_any_more_changes_nothing(ours: Program, synced: Synced, cast: Cast) -> None:
    arn = other_role(synced)
    send_role(ours, arn)
    with isolation.as_tenant(cast.acme.pk):
        Membership.objects.filter(user=cast.org_owner, organization=cast.tnt, workspace=None).update(role="member")
    trials_run.run(cast.acme.pk, open_trial(cast).pk, retries=QUICK)
    with isolation.as_tenant(cast.acme.pk):
        assert Integration.objects.get().role_arn == synced.integration.role_arn
    assert "may not change the integration any more" in open_trial(cast).error


@pytest.mark.parametrize("is_ended", [False, True])
def test_a_delegate_changes_credentials_while_it_is_delegated(
    ours: Program, synced: Synced, cast: Cast, program: ProgramOf, is_ended: bool
) -> None:
    given = f"{AT_ORG}/main/delegate"
    ours("POST", given, {"user_handle": "org-member", "permission": "configure_integration"})
    arn, delegate = other_role(synced), program(cast.org_member)
    assert send_role(delegate, arn).json()["state"] == "pending"
    if is_ended:
        assert ours("DELETE", f"{given}/org-member/configure_integration").status_code == 200
    trials_run.run(cast.acme.pk, open_trial(cast).pk, retries=QUICK)
    after = ours.get(f"{AT_ORG}/main")
    assert after["state"] == ("error" if is_ended else "enabled")
    with isolation.as_tenant(cast.acme.pk):
        assert (Integration.objects.get().role_arn == arn) != is_ended


def test_what_was_read_before_a_sync_changed_something_is_read_again_once(
    ours: Program, synced: Synced, cast: Cast
) -> None:
    arn = other_role(synced)
    send_role(ours, arn)
    trial = open_trial(cast)
    with isolation.as_tenant(cast.acme.pk):
        SettingsTrial.objects.update(created_at=timezone.now() - timedelta(hours=2))
    synced.aws.organization.rename("Prod", "Production")
    synced.sync()
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    assert open_trial(cast).state == SettingsTrial.State.QUEUED
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    assert ours.get(f"{AT_ORG}/main")["config"]["discovery_role_arn"] == arn
    with isolation.as_tenant(cast.acme.pk):
        assert Integration.objects.get().role_arn == arn


def test_a_trial_whose_worker_died_is_taken_up_again(ours: Program, synced: Synced, cast: Cast) -> None:
    arn = other_role(synced)
    send_role(ours, arn)
    trial = open_trial(cast)
    silent = timezone.now() - slots.PATIENCE - timedelta(seconds=1)
    with isolation.as_tenant(cast.acme.pk):
        SettingsTrial.objects.update(state=SettingsTrial.State.RUNNING, progressed_at=silent)
    unattended.save_when_read(cast.acme.pk, trial.integration_id, now=timezone.now())  # as after each sync
    assert open_trial(cast).state == SettingsTrial.State.QUEUED
    with isolation.as_tenant(cast.acme.pk):
        SettingsTrial.objects.update(state=SettingsTrial.State.RUNNING, progressed_at=silent)
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)  # its message came again
    with isolation.as_tenant(cast.acme.pk):
        assert Integration.objects.get().role_arn == arn


def test_the_key_that_is_stored_is_nothing_new(ours: Program, aws: RunningAws, cast: Cast) -> None:
    sent = {
        "discovery_mode": "access_key",
        "discovery_access_key": "AKIAIOSFODNN7EXAMPLE",
        "discovery_secret_key": "x" * 40,
    }
    assert ours("POST", AT_ORG, {"handle": "awsi", "type": "aws", "config": sent}).status_code == 201
    again = ours("PATCH", f"{AT_ORG}/awsi", {"config": sent | {"regions": ["eu-west-1"]}})
    assert again.status_code == 200
    with isolation.as_tenant(cast.acme.pk):
        assert not SettingsTrial.objects.exists()
        assert Integration.objects.get().options["regions"] == ["eu-west-1"]


def test_a_rotated_external_id_waits_for_other_credentials(ours: Program, synced: Synced, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(next_discovery_external_id=f"{cast.tnt.public_id}:rotated0000000000")
    config = {"discovery_mode": "role", "discovery_role_arn": synced.integration.role_arn, "regions": ["eu-west-1"]}
    assert ours("PATCH", f"{AT_ORG}/main", {"config": config}).json()["state"] == "enabled"
