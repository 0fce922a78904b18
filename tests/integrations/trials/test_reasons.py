"""Why something is removed, in the same words wherever a plan is shown: preview, trial, choice, approval and run."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Integration, SyncRun, SyncSchedule
from tests.conftest import Cast
from tests.fakes.aws import new_organization
from tests.fakes.aws.policy import reading_organizations
from tests.integrations.conftest import Synced
from tests.integrations.in_use import MAIN, text_of
from tests.integrations.trials import test_account_selection as choosing
from tests.integrations.trials import test_preview as previewing
from tests.integrations.trials import test_settings_trial as trying
from workspaces import isolation

Fresh = Callable[[], Integration]

CLOSED = "Dev connection {Dev} Root / Workloads closed in AWS"
LEFT = "Late connection {Late} Root left the AWS organization"
DELETED = "Sandbox folder {Sandbox} Root deleted in AWS"
HIDDEN = "Prod connection {Prod} Root / Workloads not visible to these credentials"


@pytest.fixture
def ids(in_use: Synced) -> dict[str, str]:
    """The ids of all by name; of these one account is closed, one leaves, and one unit is deleted."""
    organization = in_use.aws.organization
    late = organization.create_account("Late", parent=organization.root_id, joined_at=8.0)
    in_use.sync()
    known = {name: organization.find(name).id for name in ("Dev", "Sandbox", "Prod")} | {"Late": late.id}
    organization.close("Dev", now=True)
    organization.remove("Late")
    organization.delete_unit("Sandbox")
    return known


def says(text: str, ids: dict[str, str], *lines: str) -> bool:
    """Whether the page has all these lines."""
    missing = [line.format(**ids) for line in lines if line.format(**ids) not in text]
    assert not missing, text
    return True


def test_a_preview_says_it(in_use: Synced, cast: Cast, as_org_owner: Client, ids: dict[str, str]) -> None:
    assert says(previewing.preview(as_org_owner, cast), ids, CLOSED, LEFT, DELETED)


def test_a_preview_says_closed_of_what_is_in_no_list_any_more(
    in_use: Synced, cast: Cast, as_org_owner: Client, ids: dict[str, str]
) -> None:
    row = {"Id": ids["Late"], "Name": "Late", "State": "CLOSED", "JoinedTimestamp": 8}
    in_use.aws.faults.answer("DescribeAccount", json.dumps({"Account": row}))
    text = previewing.preview(as_org_owner, cast)
    assert says(text, ids, CLOSED, "Late connection {Late} Root closed in AWS", DELETED)


def test_a_run_and_its_question_say_it(in_use: Synced, cast: Cast, as_org_owner: Client, ids: dict[str, str]) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(deletion_limit_percent=0, deletion_limit_count=0)
    SyncSchedule.objects.filter(pk=in_use.integration.pk).update(next_due_at=timezone.now())
    for run in (in_use.work(), in_use.sync()):
        page = text_of(as_org_owner.get(f"{MAIN}processes/{run.number}/").content.decode())
        assert says(page, ids, CLOSED, LEFT, DELETED)
    states = [run.state for run in in_use.runs()][-2:]
    assert states == [SyncRun.State.SUPERSEDED, SyncRun.State.SUCCEEDED]


def test_a_trial_blames_the_credentials_for_nothing_else(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh, ids: dict[str, str]
) -> None:
    in_use.aws.organization.move("Dev", in_use.aws.organization.root_id)  # out of what is denied below
    arn = trying.narrow_role(in_use, fresh().discovery_external_id, "Workloads")
    trying.start(as_org_owner, cast, role_arn=arn)
    text = text_of(as_org_owner.get(trying.TRIAL).content.decode())
    assert says(text, ids, CLOSED, LEFT, DELETED, HIDDEN)
    assert "Workloads folder" in text
    counts = "2 not visible to these credentials, 1 closed in AWS, 1 deleted in AWS, 1 left the AWS organization"
    assert f"Saving removes 5 folders and connections: {counts}." in text


def test_what_is_not_ticked_is_told_from_what_is_closed(
    in_use: Synced, cast: Cast, as_org_owner: Client, ids: dict[str, str]
) -> None:
    choosing.start(as_org_owner, cast)
    text = text_of(choosing.press(as_org_owner, f"exclude {in_use.aws.organization.find('Workloads').id}"))
    assert says(text, ids, CLOSED, LEFT, DELETED, "Prod connection {Prod} Root / Workloads not ticked")


def test_of_another_aws_organization_nothing_of_this_one_is_visible(
    in_use: Synced, cast: Cast, as_org_owner: Client, ids: dict[str, str]
) -> None:
    other = new_organization("labs", joined_at=1.0)
    world = in_use.aws.world
    world.organizations.append(other)
    reader = world.iam.create_user(other.management_account_id, "reader", reading_organizations())
    key = world.iam.create_key(reader.arn)
    trying.start(as_org_owner, cast, access_mode="key", access_key=key.id, secret_key=key.secret)
    text = text_of(as_org_owner.get(trying.TRIAL).content.decode())
    assert says(text, ids, HIDDEN, "Late connection {Late} Root not visible to these credentials")
    assert "left the AWS organization" not in text


def test_a_run_of_an_earlier_version_has_no_reasons(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        run = SyncRun.objects.latest("pk")
        run.changes = [["remove", "connection", "111122223333", "Old", "Root", ""]]
        run.save(update_fields=["changes"])
    text = text_of(as_org_owner.get(f"{MAIN}processes/{run.number}/").content.decode())
    assert "Old connection 111122223333 Root" in text
    assert " Why " not in text
