"""Accounts to mirror in the Config: read anew, ticked, looked at with its impact, then saved at once or not at all."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Integration, SettingsTrial, SyncSchedule
from integrations.planning.snapshot import pack
from integrations.trials import run as trials_run
from tests.conftest import Cast
from tests.integrations.access_tests.test_sampling import large
from tests.integrations.conftest import QUICK, Synced
from tests.integrations.in_use import MAIN, handles, hidden, post, text_of
from workspaces import isolation
from workspaces.models import AuditEvent

CONFIG, ACCOUNTS = MAIN + "config/", MAIN + "config/accounts/"

Fresh = Callable[[], Integration]
Events = Callable[[], list[AuditEvent]]


def trial(cast: Cast) -> SettingsTrial:
    with isolation.as_tenant(cast.acme.pk):
        return SettingsTrial.objects.get()


def start(client: Client, cast: Cast) -> str:
    """Press Change, let the worker read, and look at the tree."""
    version = hidden(client.get(CONFIG).content.decode(), "version", form=ACCOUNTS)
    assert client.post(ACCOUNTS, {"do": "start", "version": version}).headers["Location"] == ACCOUNTS
    trials_run.run(cast.acme.pk, trial(cast).pk, retries=QUICK)
    return client.get(ACCOUNTS).content.decode()


def press(client: Client, do: str) -> str:
    """Press a button of the tree, as a browser without script does."""
    return post(client, ACCOUNTS, do=do, **{"in": "", "part": "1"})


def save(client: Client, html: str = "") -> str:
    html = html or client.get(ACCOUNTS).content.decode()
    seen = {name: hidden(html, name) for name in ("version", "seen")}
    return post(client, ACCOUNTS, do="save", **seen)


def ticks(html: str) -> dict[str, str]:
    """Each name in the tree and its tick, as a screen reader hears them."""
    found = re.findall(r'aria-checked="(\w+)".*?<bdi class="choice-name">(.*?)</bdi>', html, re.DOTALL)
    return {name: state for state, name in found}


def test_leaving_out_an_ou_shows_what_goes_and_saving_removes_it(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh, events: Events
) -> None:
    page = text_of(as_org_owner.get(CONFIG).content.decode())
    assert "Accounts to mirror" in page
    assert "All accounts, now and later. Mirrors 3 of 3 accounts" in page
    workloads = in_use.aws.organization.find("Workloads").id
    html = start(as_org_owner, cast)
    assert ticks(html) == {"Root": "true", "Workloads": "true", "Sandbox": "true", "Management": "true"}
    assert "Nothing in the tree." in text_of(html)
    assert 'value="save"' not in html  # there is nothing to save
    html = press(as_org_owner, f"exclude {workloads}")
    assert ticks(html) == {"Root": "mixed", "Workloads": "false", "Sandbox": "true", "Management": "true"}
    text = text_of(html)
    assert "All accounts, now and later, but for OU Workloads (2 accounts). Mirrors 1 of 3 accounts" in text
    assert "Saving removes 3 folders and connections: 3 not ticked." in text
    fireworks, rockets = text[text.index("tnt/fireworks") :].split("tnt/rockets", 1)
    assert "Schemas removed dev" in fireworks
    assert "Schemas removed prod" in rockets
    assert (handles(cast), fresh().selection["exclude"]) == ({"management", "prod", "dev"}, [])
    before, version = len(events()), fresh().version
    assert "Saved the accounts that main mirrors." in save(as_org_owner, html)
    assert handles(cast) == {"management"}
    now = fresh()
    assert (now.selection, now.version) == ({"include": ["root"], "exclude": [workloads]}, version + 1)
    run = in_use.runs()[-1]
    assert (run.trigger, run.state, run.counts, run.started_by) == (
        "selection",
        "succeeded",
        {"remove": 3},
        cast.org_owner,
    )
    (event,) = events()[: len(events()) - before]
    assert (event.action, event.details["before"], event.details["after"]) == (
        "integration.selection_changed",
        {"accounts_to_mirror": "All accounts, now and later."},
        {"accounts_to_mirror": "All accounts, now and later, but for OU Workloads (2 accounts)."},
    )
    assert in_use.sync().changes == []
    assert "Mirrors 1 of 3 accounts" in text_of(as_org_owner.get(MAIN).content.decode())


def test_the_present_choice_is_shown_and_can_be_taken_back(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    organization = in_use.aws.organization
    start(as_org_owner, cast)
    root = hidden(as_org_owner.get(ACCOUNTS).content.decode(), "in")
    press(as_org_owner, f"exclude {root}")
    html = press(as_org_owner, f"include {organization.find('Prod').id}")
    assert "Only account Prod" in text_of(html)
    save(as_org_owner)
    assert handles(cast) == {"prod"}
    assert "Only account Prod" in text_of(as_org_owner.get(CONFIG).content.decode())
    organization.create_account("Newcomer")
    html = start(as_org_owner, cast)
    assert ticks(html) == {
        "Root": "mixed",
        "Workloads": "mixed",
        "Sandbox": "false",
        "Management": "false",
        "Newcomer": "false",
    }
    press(as_org_owner, f"include {root}")
    save(as_org_owner)
    assert handles(cast) == {"prod", "dev", "management", "newcomer"}
    assert fresh().selection == {"include": ["root"], "exclude": []}


def test_folders_open_in_place_and_without_script_on_a_page_of_their_own(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    workloads = in_use.aws.organization.find("Workloads").id
    html = start(as_org_owner, cast)
    assert f'data-tree-toggle="{ACCOUNTS}?in={workloads}&amp;inside"' in html
    inside = as_org_owner.get(f"{ACCOUNTS}?in={workloads}&inside").content.decode()
    assert list(ticks(inside)) == ["Dev", "Prod"]
    assert "<html" not in inside
    alone = press(as_org_owner, f"look {workloads}")
    assert list(ticks(alone)) == ["Workloads", "Dev", "Prod"]
    assert 'class="choice-link"' in alone


def test_what_is_looked_for_stays_so_while_one_ticks(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    prod = in_use.aws.organization.find("Prod").id
    start(as_org_owner, cast)
    html = as_org_owner.get(f"{ACCOUNTS}?q={prod[:4]}-{prod[4:8]}-{prod[8:]}").content.decode()
    assert list(ticks(html)) == ["Root", "Workloads", "Prod"]
    html = post(as_org_owner, ACCOUNTS, do=f"exclude {prod}", q="prod", part="1")
    assert ticks(html) == {"Root": "mixed", "Workloads": "mixed", "Prod": "false"}
    assert 'value="prod"' in html
    assert "but for account Prod" in text_of(as_org_owner.get(ACCOUNTS).content.decode())


def test_a_tick_with_script_is_answered_by_what_it_changes(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    html = start(as_org_owner, cast)
    prod, workloads = (in_use.aws.organization.find(name).id for name in ("Prod", "Workloads"))
    root = hidden(html, "in")

    def tick(source_id: str, top: str) -> dict[str, str]:
        response = as_org_owner.post(
            ACCOUNTS,
            {"do": f"exclude {source_id}", "in": top, "part": "1"},
            headers={"HX-Request": "true", "HX-Target": f"tick-{source_id}"},
        )
        assert json.loads(response.headers["HX-Trigger"]) == {"chosen": {}}
        assert 'id="chosen" class="chosen" hx-swap-oob="innerHTML"' in response.content.decode()
        return ticks(response.content.decode())

    assert tick(prod, root) == {"Prod": "false", "Root": "mixed", "Workloads": "mixed"}
    dev = in_use.aws.organization.find("Dev").id
    assert tick(dev, workloads) == {"Dev": "false", "Workloads": "mixed"}  # the root is not on that page
    assert tick(workloads, root) == {"Workloads": "false", "Root": "mixed"}
    part = as_org_owner.get(ACCOUNTS, headers={"HX-Request": "true", "HX-Target": "outcome"}).content.decode()
    assert part.lstrip().startswith('<div class="stack" id="outcome"')
    assert 'value="save"' in part


def test_nothing_is_saved_that_was_not_looked_at(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    html = start(as_org_owner, cast)
    old = press(as_org_owner, f"exclude {in_use.aws.organization.find('Prod').id}")
    press(as_org_owner, f"exclude {in_use.aws.organization.find('Dev').id}")
    assert "different by now" in save(as_org_owner, old)
    assert "different by now" in save(as_org_owner, html)
    assert handles(cast) == {"management", "prod", "dev"}
    assert "Saved" in save(as_org_owner)
    assert handles(cast) == {"management"}


def test_of_two_people_the_second_is_told(in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh) -> None:
    start(as_org_owner, cast)
    html = press(as_org_owner, f"exclude {in_use.aws.organization.find('Prod').id}")
    other = Client()
    other.force_login(cast.tenant_owner)
    version = fresh().version
    page = post(other, ACCOUNTS, do="start", version=version)
    assert f"{cast.org_owner} has begun to choose here." in text_of(page)
    assert "but for account Prod" in text_of(page)
    save(other, page)
    text = text_of(save(as_org_owner, html))
    assert "changed the Accounts to mirror at" in text
    assert "changed the Accounts to mirror at" in text_of(post(as_org_owner, ACCOUNTS, do="start", version=version))
    assert "There is no choice of accounts to save" in text_of(press(as_org_owner, "exclude 1"))


def test_discovery_settings_that_are_on_trial_are_not_lost(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    values = {"access_mode": "role", "role_arn": "arn:aws:iam::123456789012:role/x", "version": fresh().version}
    as_org_owner.post(CONFIG + "discovery/", values)
    page = text_of(post(as_org_owner, ACCOUNTS, do="start", version=fresh().version))
    assert "is trying new Discovery Settings, which are not saved yet. Save or discard those first." in page
    assert trial(cast).about == "discovery"
    post(as_org_owner, ACCOUNTS, do="discard")
    assert trial(cast).about == "discovery"


def test_a_sync_that_runs_at_that_moment_is_not_crossed(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    start(as_org_owner, cast)
    press(as_org_owner, f"exclude {in_use.aws.organization.find('Prod').id}")
    schedule = SyncSchedule.objects.filter(pk=in_use.integration.pk)
    schedule.update(claim="0" * 32, claim_expires_at=timezone.now() + timedelta(minutes=1))
    assert "A sync of this integration is running" in save(as_org_owner)
    assert "prod" in handles(cast)


def test_what_is_missing_is_confirmed_before_there_is_anything_to_save(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    organization = in_use.aws.organization
    organization.remove("Dev")
    in_use.aws.faults.fail("DescribeAccount", "AccessDeniedException")
    text = text_of(start(as_org_owner, cast))
    assert "could not be read, so there is nothing to choose from" in text
    assert "DescribeAccount" in text
    in_use.aws.faults.clear()
    post(as_org_owner, ACCOUNTS, do="again")
    trials_run.run(cast.acme.pk, trial(cast).pk, retries=QUICK)
    assert trial(cast).confirmed_gone
    press(as_org_owner, f"exclude {organization.find('Prod').id}")
    save(as_org_owner)
    assert handles(cast) == {"management"}


def test_what_a_sync_found_since_is_not_removed_for_being_unknown_here(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    start(as_org_owner, cast)
    prod = in_use.aws.organization.find("Prod").id
    press(as_org_owner, f"exclude {prod}")
    in_use.aws.organization.create_account("Newcomer")
    in_use.sync()
    html = as_org_owner.get(ACCOUNTS).content.decode()
    assert "A sync has seen a newer state of AWS" in save(as_org_owner, html)
    assert handles(cast) == {"management", "prod", "dev", "newcomer"}
    post(as_org_owner, ACCOUNTS, do="again")
    trials_run.run(cast.acme.pk, trial(cast).pk, retries=QUICK)
    assert "Saved" in save(as_org_owner)  # what was ticked is still so
    assert (handles(cast), fresh().selection["exclude"]) == ({"management", "dev", "newcomer"}, [prod])


def test_another_aws_organization_is_not_chosen_from(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.filter(pk=in_use.integration.pk).update(source_organization_id="o-another")
    text = text_of(start(as_org_owner, cast))
    assert "but this integration mirrors o-another" in text
    assert "stay as they were" in post(as_org_owner, ACCOUNTS, do="discard")


def test_what_is_gone_from_aws_is_said_and_forgotten(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.filter(pk=in_use.integration.pk).update(
            selection={"include": ["root"], "exclude": ["ou-ab12-gonegone"]}
        )
    html = start(as_org_owner, cast)
    assert "not in the AWS organization any more: ou-ab12-gonegone" in text_of(html)
    assert "not in the AWS organization any more" not in press(as_org_owner, "forget")
    save(as_org_owner)
    assert fresh().selection["exclude"] == []


def test_the_choice_outlives_a_change_of_credentials(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        prod = in_use.aws.organization.find("Prod").id
        Integration.objects.update(selection={"include": ["root"], "exclude": [prod]})
    in_use.sync()
    arn = in_use.aws.roles.create_discovery(fresh().discovery_external_id, name="other")
    as_org_owner.post(CONFIG + "discovery/", {"access_mode": "role", "role_arn": arn, "version": fresh().version})
    trials_run.run(cast.acme.pk, trial(cast).pk, retries=QUICK)
    html = as_org_owner.get(CONFIG + "trial/").content.decode()
    assert "these credentials see what is here" in text_of(html)
    post(as_org_owner, CONFIG + "trial/", do="save", version=hidden(html, "version"), seen=hidden(html, "seen"))
    assert (fresh().role_arn, fresh().selection["exclude"], handles(cast)) == (arn, [prod], {"management", "dev"})


def test_nobody_else_may_choose(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    start(as_org_owner, cast)
    for person, status in ((cast.org_member, 403), (cast.workspace_owner, 403), (cast.stranger, 404)):
        client = Client()
        client.force_login(person)
        assert client.get(ACCOUNTS).status_code == status
        assert client.post(ACCOUNTS, {"do": "exclude 1"}).status_code == status


@pytest.mark.parametrize(("folders", "accounts"), [(2, 20), (40, 400)])
def test_the_tree_costs_the_database_the_same_at_any_size(
    in_use: Synced, cast: Cast, as_org_owner: Client, folders: int, accounts: int
) -> None:
    start(as_org_owner, cast)
    with isolation.as_tenant(cast.acme.pk):
        SettingsTrial.objects.update(snapshot=pack(large(folders, accounts)))
    html = as_org_owner.get(ACCOUNTS).content.decode()
    root = hidden(html, "in")
    with CaptureQueriesContext(connection) as inside:
        as_org_owner.get(f"{ACCOUNTS}?in={root}&inside")
    with CaptureQueriesContext(connection) as ticked:
        as_org_owner.post(ACCOUNTS, {"do": f"exclude {root}", "in": root, "part": "1"})
    assert (len(inside), len(ticked)) == (11, 14)


def test_what_a_person_leaves_out_is_removed_whatever_the_deletion_limit(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(deletion_limit_percent=0, deletion_limit_count=0)
    organization = in_use.aws.organization
    organization.remove("Prod")
    schedule = SyncSchedule.objects.filter(pk=in_use.integration.pk)
    schedule.update(next_due_at=timezone.now())
    assert in_use.work().state == "needs_approval"
    start(as_org_owner, cast)
    press(as_org_owner, f"exclude {organization.find('Sandbox').id}")
    save(as_org_owner)
    assert (handles(cast), in_use.runs()[-2].state) == ({"management", "dev"}, "superseded")
    organization.move("Dev", "Sandbox")
    schedule.update(next_due_at=timezone.now())
    assert in_use.work().state == "needs_approval"  # nobody chose that this account goes
    assert handles(cast) == {"management", "dev"}


def test_what_only_matters_later_is_not_saved_unseen_either(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    html = start(as_org_owner, cast)
    press(as_org_owner, f"exclude {hidden(html, 'in')}")
    for name in ("Workloads", "Sandbox", "Management"):
        after = press(as_org_owner, f"include {in_use.aws.organization.find(name).id}")
    assert "Nothing in the tree now; what comes later is mirrored or left out as it is ticked." in text_of(after)
    assert "different by now" in save(as_org_owner, html)
    assert fresh().selection["exclude"] == []
    save(as_org_owner, after)
    assert fresh().selection["exclude"] == ["root"]
