"""New discovery settings: tried first, looked at, then saved with all that they change, or discarded."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import Connection, Folder
from integrations.models import Integration, SettingsTrial, SyncRun, SyncSchedule
from integrations.trials import run as trials_run
from tests.conftest import Cast
from tests.fakes.aws import new_organization
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.fakes.aws.policy import denying, reading_organizations, trusting
from tests.integrations.conftest import QUICK, Synced
from tests.integrations.in_use import MAIN, handles, hidden, post, text_of
from workspaces import isolation
from workspaces.models import AuditEvent

DISCOVERY = MAIN + "config/discovery/"
TRIAL = MAIN + "config/trial/"
LISTING = "organizations:ListOrganizationalUnitsForParent"

Fresh = Callable[[], Integration]
Events = Callable[[], list[AuditEvent]]


def narrow_role(in_use: Synced, external_id: str, *names: str, name: str = "narrow") -> str:
    """A role that may read all but these organizational units."""
    ids = [in_use.aws.organization.find(unit).id for unit in names]
    denied = denying(LISTING, resource=[f"arn:aws:organizations::*:ou/*/{unit_id}" for unit_id in ids])
    return in_use.aws.roles.create(name, trusting(VENDOR_ROLE_ARN, external_id), reading_organizations(), denied)


def start(client: Client, cast: Cast, **values: object) -> SettingsTrial:
    """Type other Discovery Settings, save them, and let the worker try them."""
    version = hidden(client.get(MAIN + "config/").content.decode(), "version")
    response = client.post(DISCOVERY, {"access_mode": "role", "version": version} | values)
    assert (response.status_code, response.headers.get("Location")) == (302, TRIAL), text_of(response.content.decode())
    with isolation.as_tenant(cast.acme.pk):
        trial = SettingsTrial.objects.get()
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    return trial


def save(client: Client, html: str = "") -> str:
    """Press Save on the page of the trial."""
    html = html or client.get(TRIAL).content.decode()
    seen = {name: hidden(html, name) for name in ("version", "seen")}
    return post(client, TRIAL, do="save", **seen)


def test_credentials_that_may_not_read_a_unit_show_what_goes_and_saving_removes_it(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh, events: Events
) -> None:
    arn = narrow_role(in_use, fresh().discovery_external_id, "Workloads")
    before = len(events())
    start(as_org_owner, cast, role_arn=arn)
    assert fresh().role_arn != arn
    assert handles(cast) == {"management", "prod", "dev"}
    html = as_org_owner.get(TRIAL).content.decode()
    text = text_of(html)
    assert "Saving removes 3 folders and connections: 3 not visible to these credentials." in text
    assert "OUs that they may not read Workloads" in text
    fireworks, rockets = text[text.index("tnt/fireworks") :].split("tnt/rockets", 1)
    assert "Schemas removed dev" in fireworks
    assert "Aggregator all_prod: loses 1 prod" in fireworks
    assert "Schemas removed prod" in rockets
    assert "Saved the Discovery Settings of main." in save(as_org_owner, html)
    assert handles(cast) == {"management"}
    workloads = in_use.aws.organization.find("Workloads").id
    assert (fresh().role_arn, fresh().unseen_folders) == (arn, [workloads])
    run = in_use.runs()[-1]
    assert (run.trigger, run.state, run.counts, run.started_by) == (
        "settings",
        "succeeded",
        {"remove": 3},
        cast.org_owner,
    )
    actions = [event.action for event in events()[: len(events()) - before]]
    assert actions == ["integration.discovery_settings_changed", "integration.settings_tried"]
    with isolation.as_tenant(cast.acme.pk):
        assert not SettingsTrial.objects.exists()


def test_what_may_be_read_again_may_not_be_missing_again(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    before = in_use.tree()
    arn = narrow_role(in_use, fresh().discovery_external_id, "Workloads")
    start(as_org_owner, cast, role_arn=arn)
    save(as_org_owner)
    in_use.aws.roles.delete(arn)
    in_use.aws.roles.create("narrow", trusting(VENDOR_ROLE_ARN, fresh().discovery_external_id), reading_organizations())
    assert in_use.sync().state == SyncRun.State.SUCCEEDED
    assert (in_use.tree(), fresh().unseen_folders) == (before, [])
    for operation in ("ListOrganizationalUnitsForParent", "ListChildren"):
        workloads = in_use.aws.organization.find("Workloads").id
        in_use.aws.faults.fail(operation, "AccessDeniedException", on=workloads)
    assert in_use.sync().state == SyncRun.State.FAILED
    assert in_use.tree() == before


def test_what_a_sync_has_found_since_is_not_undone_by_saving(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    arn = narrow_role(in_use, in_use.integration.discovery_external_id, "Sandbox")
    start(as_org_owner, cast, role_arn=arn)
    in_use.aws.organization.create_account("New", parent="Workloads", joined_at=9.0)
    assert in_use.sync().counts == {"create": 1}
    assert "A sync has seen a newer state of AWS" in text_of(save(as_org_owner))
    assert in_use.connection("New").removed_at is None


def test_a_name_that_a_sync_has_seen_since_is_not_undone_by_saving(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    before = fresh().role_arn
    start(as_org_owner, cast, role_arn=narrow_role(in_use, fresh().discovery_external_id, "Sandbox"))
    in_use.aws.organization.rename("Dev", "Develop")
    assert in_use.sync().counts == {"rename": 1}
    assert "A sync has seen a newer state of AWS" in text_of(save(as_org_owner))
    assert (fresh().role_arn, "develop" in handles(cast)) == (before, True)


def test_whoever_goes_from_a_key_to_a_role_leaves_nothing_of_the_key(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    role, key = fresh().role_arn, in_use.aws.roles.create_key("pipes", reading_organizations())
    start(as_org_owner, cast, access_mode="key", access_key=key.id, secret_key=key.secret)
    save(as_org_owner)
    assert (fresh().access_mode, fresh().access_key_id, fresh().secret_key) == ("key", key.id, key.secret)
    start(as_org_owner, cast, role_arn=role)
    save(as_org_owner)
    now = fresh()
    assert (now.access_mode, now.role_arn, now.access_key_id, now.sealed_secret_key) == ("role", role, "", "")


def test_later_syncs_expect_no_more_of_that_unit_and_no_less_of_any_other(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    external_id = fresh().discovery_external_id
    start(as_org_owner, cast, role_arn=narrow_role(in_use, external_id, "Workloads"))
    save(as_org_owner)
    organization = in_use.aws.organization
    organization.create_account("New", parent=organization.find("Sandbox").id, joined_at=9.0)
    organization.move("Management", "Sandbox")
    assert in_use.sync().counts == {"create": 1, "move": 1}
    organization.move("New", "Workloads")  # out of sight is gone, although AWS still knows it
    assert in_use.sync().counts == {"remove": 1}
    in_use.aws.faults.fail(
        "ListOrganizationalUnitsForParent", "AccessDeniedException", on=organization.find("Sandbox").id
    )
    run = in_use.sync()
    assert (run.state, "AccessDenied" in run.error) == ("failed", True)
    assert handles(cast) == {"management"}
    in_use.aws.faults.clear()
    in_use.aws.roles.delete(fresh().role_arn)
    in_use.aws.roles.create("narrow", trusting(VENDOR_ROLE_ARN, external_id), reading_organizations())
    assert in_use.sync().counts["return"] == 4  # the unit may be read again


def test_credentials_of_another_aws_organization_replace_the_whole_tree(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    other = new_organization("labs", joined_at=1.0)
    in_use.aws.world.organizations.append(other)
    key = in_use.aws.world.iam.create_key(
        in_use.aws.world.iam.create_user(other.management_account_id, "reader", reading_organizations()).arn
    )
    start(as_org_owner, cast, access_mode="key", access_key=key.id, secret_key=key.secret)
    html = as_org_owner.get(TRIAL).content.decode()
    assert f"lead to another AWS organization, {other.id} , not to" in text_of(html)
    assert key.secret not in html
    save(as_org_owner, html)
    now = fresh()
    assert (now.source_organization_id, now.access_mode, now.role_arn) == (other.id, "key", "")
    assert (now.access_key_id, now.secret_key) == (key.id, key.secret)
    assert handles(cast) == {"management_" + other.management_account_id}
    assert in_use.sync().changes == []


def test_what_a_list_leaves_out_and_aws_still_knows_is_not_removed_with_other_credentials(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    arn = in_use.aws.roles.create_discovery(fresh().discovery_external_id, name="wide")
    organization = in_use.aws.organization
    dev = organization.remove("Dev")

    def bring_back() -> None:
        organization.create_account("Dev", account_id=dev.id, parent="Workloads", joined_at=dev.joined_at)

    in_use.aws.faults.after_call("ListAccounts", 1, bring_back)
    start(as_org_owner, cast, role_arn=arn)
    text = text_of(as_org_owner.get(TRIAL).content.decode())
    assert f"AWS left {dev.id} out of its lists but still knows it" in text
    post(as_org_owner, TRIAL, do="save", version=fresh().version, seen="")
    assert fresh().role_arn != arn
    assert "dev" in handles(cast)


def test_what_is_gone_from_aws_goes_with_the_saving_of_other_credentials(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    arn = narrow_role(in_use, fresh().discovery_external_id, "Sandbox")
    in_use.aws.organization.remove("Dev")
    start(as_org_owner, cast, role_arn=arn)
    assert in_use.aws.calls.count("DescribeAccount") == 1  # and nothing is asked about what is only out of sight
    assert in_use.aws.calls.count("DescribeOrganizationalUnit") == 0
    save(as_org_owner)
    assert fresh().role_arn == arn
    assert "dev" not in handles(cast)


def test_credentials_that_do_not_work_say_why_and_save_nothing(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    before = fresh().role_arn
    start(as_org_owner, cast, role_arn="arn:aws:iam::123456789012:role/nobody")
    text = text_of(as_org_owner.get(TRIAL).content.decode())
    assert "They do not work, so nothing was saved" in text
    assert "AssumeRole" in text
    post(as_org_owner, TRIAL, do="save", version=fresh().version, seen="")
    assert fresh().role_arn == before
    assert "stay as they were" in post(as_org_owner, TRIAL, do="discard")


def test_a_role_that_is_open_to_strangers_is_refused(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    arn = in_use.aws.roles.create("open", trusting(VENDOR_ROLE_ARN), reading_organizations())
    start(as_org_owner, cast, role_arn=arn)
    assert "so anybody could name it as theirs" in text_of(as_org_owner.get(TRIAL).content.decode())
    assert fresh().role_arn != arn


def test_a_rotated_external_id_takes_over_when_it_was_tried_and_saved(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    post(as_org_owner, MAIN + "config/rotate/discovery/")
    before = fresh()
    new = before.next_discovery_external_id
    assert in_use.sync().state == "succeeded"  # the old one is in use until then
    start(as_org_owner, cast, role_arn=before.role_arn)
    page = as_org_owner.get(TRIAL).content.decode()
    assert "They do not work" in page
    assert "What Pipes expects of the role" in page
    assert 'data-copy="sts.us-east-1.amazonaws.com"' in page
    in_use.aws.roles.delete(before.role_arn)
    arn = in_use.aws.roles.create_discovery(new, name=before.role_arn.rpartition("/")[2])
    start(as_org_owner, cast, role_arn=arn)
    assert "these credentials see what is here" in save_page(as_org_owner)
    save(as_org_owner)
    assert (fresh().discovery_external_id, fresh().next_discovery_external_id) == (new, "")
    assert in_use.sync().state == "succeeded"


def test_what_was_tried_with_an_external_id_that_was_rotated_since_is_not_saved(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    post(as_org_owner, MAIN + "config/rotate/discovery/")
    before = fresh()
    arn = in_use.aws.roles.create_discovery(before.next_discovery_external_id, name="other")
    start(as_org_owner, cast, role_arn=arn)
    html = as_org_owner.get(TRIAL).content.decode()
    post(as_org_owner, MAIN + "config/rotate/discovery/")
    assert "There are no new Discovery Settings to save" in save(as_org_owner, html)
    assert fresh().role_arn == before.role_arn
    assert in_use.sync().state == "succeeded"


def save_page(client: Client) -> str:
    return text_of(client.get(TRIAL).content.decode())


def test_a_sync_that_runs_at_that_moment_is_not_crossed(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    start(as_org_owner, cast, role_arn=narrow_role(in_use, fresh().discovery_external_id, "Workloads"))
    schedule = SyncSchedule.objects.filter(pk=in_use.integration.pk)
    schedule.update(claim="0" * 32, claim_expires_at=timezone.now() + timedelta(minutes=1))
    assert "A sync of this integration is running" in save(as_org_owner)
    assert handles(cast) == {"management", "prod", "dev"}
    schedule.update(claim_expires_at=timezone.now() - timedelta(minutes=1))  # its worker died
    assert "Saved the Discovery Settings" in save(as_org_owner)


def test_what_changed_since_it_was_looked_at_is_shown_again(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    start(as_org_owner, cast, role_arn=narrow_role(in_use, fresh().discovery_external_id, "Workloads"))
    html = as_org_owner.get(TRIAL).content.decode()
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(handle="dev").update(removed_at=timezone.now())
    assert "What saving would change is different by now." in save(as_org_owner, html)
    assert "prod" in handles(cast)
    assert "Saved" in save(as_org_owner)


def test_a_trial_is_one_and_expires_after_an_hour(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    external_id = fresh().discovery_external_id
    start(as_org_owner, cast, role_arn=narrow_role(in_use, external_id, "Workloads"))
    start(as_org_owner, cast, role_arn=narrow_role(in_use, external_id, "Sandbox", name="other"))
    html = as_org_owner.get(TRIAL).content.decode()
    with isolation.as_tenant(cast.acme.pk):
        trial = SettingsTrial.objects.get()
        assert trial.left_out == [in_use.aws.organization.find("Sandbox").id]
        SettingsTrial.objects.update(expires_at=timezone.now())
    assert "There are no new Discovery Settings to save" in save(as_org_owner, html)
    assert fresh().unseen_folders == []


def test_the_same_settings_start_nothing(in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh) -> None:
    version = fresh().version
    html = post(as_org_owner, DISCOVERY, access_mode="role", role_arn=fresh().role_arn, version=version)
    assert "Nothing was changed" in html
    with isolation.as_tenant(cast.acme.pk):
        assert not SettingsTrial.objects.exists()


def test_settings_on_an_old_page_are_not_tried(in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh) -> None:
    html = post(as_org_owner, DISCOVERY, access_mode="role", role_arn="arn:aws:iam::123456789012:role/x", version=0)
    assert "changed since you opened this page" in html
    assert 'value="arn:aws:iam::123456789012:role/x"' in html


@pytest.mark.parametrize(("who", "status"), [("org_member", 403), ("workspace_owner", 403), ("stranger", 404)])
def test_only_owners_look_at_a_trial(cast: Cast, in_use: Synced, client: Client, who: str, status: int) -> None:
    client.force_login(getattr(cast, who))
    assert client.get(TRIAL).status_code == status
    assert client.post(TRIAL, {"do": "save"}).status_code == status


def test_another_tenant_sees_no_trial(in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh) -> None:
    start(as_org_owner, cast, role_arn=narrow_role(in_use, fresh().discovery_external_id, "Workloads"))
    with isolation.as_tenant(cast.globex.pk):
        assert not SettingsTrial.objects.exists()
    with isolation.as_tenant(cast.acme.pk):
        assert SettingsTrial.objects.count() == 1
        assert Folder.objects.exists()
        assert SyncRun.objects.exists()
