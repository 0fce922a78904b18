"""What Test Discovery, a preview or a question has read is applied once, and is never the reason of a wrong removal."""

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from connections.models import Connection
from integrations import clean_up, retention
from integrations.access import known_snapshot
from integrations.access_tests import run as access_tests_run
from integrations.access_tests.request import request_test
from integrations.events import inlets, receiving
from integrations.models import (
    AccessMode,
    AccessTest,
    Draft,
    Integration,
    KnownSnapshot,
    SettingsTrial,
    SyncRun,
    SyncSchedule,
)
from integrations.planning.snapshot import Snapshot, pack, unpack
from integrations.sync import approvals, interruption
from integrations.sync import run as sync_run
from integrations.sync import schedule as sync_schedule
from integrations.trials import run as trials_run
from integrations.wizard import drafts, finish
from tests import factories
from tests.conftest import Cast
from tests.fakes.aws import RunningAws, reading_organizations
from tests.integrations.conftest import QUICK, Synced, make_mirror
from tests.integrations.in_use import MAIN, hidden, post, text_of
from tests.integrations.sync.exact import in_aws, in_tree
from workspaces import isolation

Apply = Callable[[], tuple[Synced, SyncRun]]
Read = Callable[[RunningAws, Cast], Apply]


def green(aws: RunningAws, cast: Cast, **settings: str) -> Draft:
    """A draft whose Test Discovery was green."""
    with isolation.as_tenant(cast.acme.pk):
        draft = factories.draft(cast.at_org, "main", by=cast.org_owner, **settings)
        if not settings:
            draft.role_arn = aws.roles.create_discovery(draft.discovery_external_id)
            draft.save()
    assert press_test(draft, cast).state == AccessTest.State.PASSED
    aws.calls.clear()
    return draft


def press_test(draft: Draft, cast: Cast) -> AccessTest:
    """Press *Test Discovery* once more."""
    with isolation.as_tenant(cast.acme.pk):
        test = request_test(draft, AccessTest.Kind.DISCOVERY, by=cast.org_owner, now=timezone.now())
    access_tests_run.run(cast.acme.pk, test.pk, retries=QUICK)
    with isolation.as_tenant(cast.acme.pk):
        test.refresh_from_db()
    return test


def create(draft: Draft, aws: RunningAws, cast: Cast) -> Synced:
    """Press *Create Integration*."""
    with isolation.as_tenant(cast.acme.pk):
        made = finish.create_integration(draft=draft, audiences=(), by=cast.org_owner, now=timezone.now())
        return Synced(aws, Integration.objects.select_related("tenant", "organization").get(pk=made.pk))


def kept(cast: Cast) -> int:
    with isolation.as_tenant(cast.acme.pk):
        return KnownSnapshot.objects.count()


def by_test(aws: RunningAws, cast: Cast) -> Apply:
    """Test Discovery reads, the first sync applies."""
    draft = green(aws, cast)

    def first_sync() -> tuple[Synced, SyncRun]:
        mirror = create(draft, aws, cast)
        return mirror, mirror.work()

    return first_sync


def by_preview(aws: RunningAws, cast: Cast) -> Apply:
    """A preview reads that Dev has gone, *Sync Integration* on its page applies."""
    mirror = make_mirror(aws, cast.at_org, cast)
    mirror.work()
    aws.organization.remove("Dev")
    client = Client()
    client.force_login(cast.org_owner)
    page = preview(client, cast)

    def sync_of_the_preview() -> tuple[Synced, SyncRun]:
        press_sync(client, page)
        return mirror, mirror.work()

    return sync_of_the_preview


def preview(client: Client, cast: Cast) -> str:
    """Press *Preview*, let the worker read, and give the page."""
    post(client, MAIN + "preview/", do="start")
    with isolation.as_tenant(cast.acme.pk):
        trial = SettingsTrial.objects.get()
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    return client.get(MAIN + "preview/").content.decode()


def press_sync(client: Client, page: str) -> None:
    post(client, MAIN + "sync/", anyway="", preview=hidden(page, "preview", form=MAIN + "preview/"))


def by_question(aws: RunningAws, cast: Cast) -> Apply:
    """A scheduled sync asks about Dev, which has gone, *Approve* applies."""
    mirror = asking(aws, cast)

    def approved() -> tuple[Synced, SyncRun]:
        approve(mirror, cast)
        return mirror, mirror.work()

    return approved


def asking(aws: RunningAws, cast: Cast) -> Synced:
    """A mirror whose last sync asks whether Dev may go."""
    mirror = make_mirror(aws, cast.at_org, cast)
    mirror.work()
    aws.organization.remove("Dev")
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(deletion_limit_percent=0, deletion_limit_count=0)
    SyncSchedule.objects.update(next_due_at=timezone.now(), interval_seconds=24 * 3600)
    assert mirror.work().state == SyncRun.State.NEEDS_APPROVAL
    aws.calls.clear()
    return mirror


def approve(mirror: Synced, cast: Cast) -> None:
    """Press *Approve*."""
    with isolation.as_tenant(cast.acme.pk):
        question = SyncRun.objects.get(state=SyncRun.State.NEEDS_APPROVAL)
        approvals.approve(run=question, by=cast.org_owner, now=timezone.now())


SOURCES = pytest.mark.parametrize(
    ("read", "name"), [(by_test, "test"), (by_preview, "preview"), (by_question, "question")]
)


@pytest.mark.parametrize("mode", [AccessMode.ROLE, AccessMode.KEY])
def test_the_first_sync_after_a_green_test_reads_nothing_again(
    aws: RunningAws, cast: Cast, as_org_owner: Client, mode: str
) -> None:
    settings: dict[str, str] = {}
    secret = "nothing secret"
    if mode == AccessMode.KEY:
        key = aws.roles.create_key("reader", reading_organizations())
        secret, settings = key.secret, {"access_mode": mode, "access_key_id": key.id, "secret_key": key.secret}
    mirror = create(green(aws, cast, **settings), aws, cast)
    with isolation.as_tenant(cast.acme.pk):
        assert secret.encode() not in zlib.decompress(bytes(KnownSnapshot.objects.get().snapshot))
    run = mirror.work()
    assert (run.state, run.read_by, run.counts) == ("succeeded", "test", {"create": 5})
    probed = ["AssumeRole"] * 3 if mode == AccessMode.ROLE else []
    assert aws.calls.operations() == [*probed, "GetCallerIdentity", "DescribeOrganization"]
    assert (run.aws_calls, run.folders_read, run.accounts_read) == (len(aws.calls), 3, 3)
    assert in_tree(mirror.integration) == in_aws(aws.organization)
    with isolation.as_tenant(cast.acme.pk):
        emails = dict(Connection.objects.values_list("source_id", "email"))
    assert emails == {account.id: account.email for account in aws.organization.accounts.values()}
    page = text_of(as_org_owner.get(f"{MAIN}processes/{run.number}/").content.decode())
    assert "by Test Discovery; not read again" in page
    # Used up: the next one reads.
    assert kept(cast) == 0
    assert (mirror.sync().changes, aws.calls.count("ListRoots")) == ([], 1)
    with isolation.as_tenant(cast.acme.pk):
        assert SyncRun.objects.get(read_at=None).trigger == "manual"


@SOURCES
def test_whatever_changed_since_nothing_goes_that_is_there_and_the_next_full_sync_makes_it_exact(
    aws: RunningAws, cast: Cast, read: Read, name: str
) -> None:
    organization = aws.organization
    for number, account in enumerate(("Moves", "Closes", "Leaves", "Renames", "Suspends")):
        organization.create_account(account, parent="Workloads", joined_at=10.0 + number)
    organization.create_unit("Doomed")
    organization.create_account("Homeless", parent="Doomed", joined_at=20.0)
    apply = read(aws, cast)
    with isolation.as_tenant(cast.acme.pk):
        before = set(Connection.objects.filter(removed_at=None).values_list("source_id", flat=True))
    organization.create_unit("New OU", parent="Sandbox")
    organization.create_account("New", parent="New OU", joined_at=30.0)
    organization.move("Moves", "New OU")
    organization.set_state("Closes", "CLOSED")
    organization.remove("Leaves")
    organization.rename("Renames", "Renamed")
    organization.suspend("Suspends")
    organization.move("Homeless", "Sandbox")
    organization.delete_unit("Doomed")
    aws.calls.clear()
    mirror, run = apply()
    assert (run.state, run.read_by) == ("succeeded", name)
    assert aws.calls.count("ListRoots") == 0
    there = in_aws(organization)
    assert before & there.keys() <= in_tree(mirror.integration).keys()
    # A test says nothing of what has gone since; the others removed what they showed.
    assert ("Dev" in {node[1] for node in in_tree(mirror.integration).values()}) == (name == "test")
    assert mirror.schedule().next_due_at < timezone.now() + timedelta(minutes=17)
    assert mirror.sync().read_by == ""
    assert in_tree(mirror.integration) == in_aws(organization)


def test_approving_makes_exactly_the_changes_that_were_shown(aws: RunningAws, cast: Cast) -> None:
    mirror = asking(aws, cast)
    approve(mirror, cast)
    aws.calls.clear()
    applied = mirror.work()
    *_, asked, last = mirror.runs()
    assert (asked.state, last.pk) == ("applied", applied.pk)
    assert asked.changes == applied.changes
    assert aws.calls.operations() == ["AssumeRole", "GetCallerIdentity", "DescribeOrganization", "DescribeAccount"]
    assert (applied.read_by, applied.read_at) == ("question", asked.read_at or applied.read_at)
    # Once a day is too seldom for what this one did not see, and no event makes up for it.
    row = mirror.schedule()
    assert row.full_due_at
    assert max(row.next_due_at, row.full_due_at) < timezone.now() + timedelta(minutes=16)
    now = timezone.now()
    SyncSchedule.objects.update(next_due_at=now, full_due_at=now, heard_at=now, last_event_at=now)
    assert mirror.work().kind == SyncRun.Kind.FULL


def test_an_event_that_waits_is_looked_for_in_a_new_read(aws: RunningAws, cast: Cast) -> None:
    mirror = asking(aws, cast)
    now = timezone.now()
    with isolation.as_tenant(cast.acme.pk):
        issued = inlets.enable(integration=mirror.integration, by=cast.org_owner, now=now)
        KnownSnapshot.objects.update(event_at=now)
    SyncSchedule.objects.update(heard_at=now, last_event_at=now)  # which is not written down at each of a burst
    moved = aws.organization.move("Prod", "Sandbox")
    detail = {"eventName": "MoveAccount", "requestParameters": {"accountId": moved.id}}
    body = {"source": "aws.organizations", "id": "one", "detail": detail}
    assert issued
    assert receiving.receive(issued.inlet.uid, issued.key, json.dumps(body).encode(), now=now)
    assert mirror.schedule().last_event_at == now
    approve(mirror, cast)
    assert mirror.work().read_by == ""
    assert in_tree(mirror.integration) == in_aws(aws.organization)


def test_what_is_asked_anew_of_a_known_snapshot_is_as_old_as_that(aws: RunningAws, cast: Cast) -> None:
    mirror = asking(aws, cast)
    approve(mirror, cast)
    prod = aws.organization.find("Prod").id
    with isolation.as_tenant(cast.acme.pk):
        read_at = KnownSnapshot.objects.get().read_at
        Integration.objects.update(selection={"include": ["root"], "exclude": [prod]})
    run = mirror.work()
    assert (run.state, run.read_by, len(run.removals)) == ("needs_approval", "question", 2)
    with isolation.as_tenant(cast.acme.pk):
        assert KnownSnapshot.objects.get().read_at == run.read_at == read_at


def test_a_question_during_which_aws_reports_a_change_is_read_again(aws: RunningAws, cast: Cast) -> None:
    mirror = asking(aws, cast)

    def report(run: SyncRun) -> None:
        if run.phase == SyncRun.Phase.READING:
            SyncSchedule.objects.update(event_at=timezone.now())

    SyncSchedule.objects.update(next_due_at=timezone.now())
    run = sync_run.run(cast.acme.pk, mirror.integration.pk, watch=report, retries=QUICK)
    assert run
    assert run.state == SyncRun.State.NEEDS_APPROVAL
    assert kept(cast) == 0


@pytest.mark.parametrize("odd", ["came back", "denied", "dropped"])
def test_where_aws_does_not_confirm_it_everything_is_read(aws: RunningAws, cast: Cast, odd: str) -> None:
    organization = aws.organization
    dev = organization.find_account("Dev")
    apply = by_question(aws, cast)
    if odd == "came back":
        organization.create_account("Dev", account_id=dev.id, parent="Sandbox", joined_at=dev.joined_at)
    elif odd == "denied":
        aws.faults.fail("DescribeAccount", "AccessDeniedException", times=1)
    else:
        aws.faults.drop("DescribeAccount", times=QUICK.faults + 1)
    mirror, run = apply()
    assert (run.state, run.read_by, run.read_at) == ("succeeded", "", None)
    assert aws.calls.count("ListRoots") == 1
    assert in_tree(mirror.integration) == in_aws(organization)


def repack(change: Callable[[Snapshot], Snapshot]) -> None:
    known = KnownSnapshot.objects.get()
    known.snapshot = pack(change(unpack(bytes(known.snapshot))))
    known.save()


def rotate(mirror: Synced) -> None:
    """Another external id, which the role requires from now on."""
    made = f"{mirror.integration.discovery_external_id}z"
    Integration.objects.update(discovery_external_id=made)
    mirror.aws.roles.delete(mirror.integration.role_arn)
    mirror.aws.roles.create_discovery(made)


def event(mirror: Synced) -> None:
    with isolation.as_tenant(mirror.integration.tenant_id):
        owner = SyncRun.objects.get().started_by
        assert owner
        issued = inlets.enable(integration=mirror.integration, by=owner, now=timezone.now())
    assert issued
    assert receiving.receive(issued.inlet.uid, issued.key, now=timezone.now())


TOO_LONG = retention.KNOWN_SNAPSHOT + timedelta(seconds=1)
SPOILED: dict[str, Callable[[Synced], object]] = {
    "too old": lambda _: KnownSnapshot.objects.update(read_at=timezone.now() - TOO_LONG),
    "of a clock that was set back": lambda _: KnownSnapshot.objects.update(read_at=timezone.now() + 2 * TOO_LONG),
    "not to be read": lambda _: KnownSnapshot.objects.update(snapshot=b"no snapshot"),
    "cut off": lambda _: KnownSnapshot.objects.update(snapshot=bytes(KnownSnapshot.objects.get().snapshot)[:-9]),
    "of another organization": lambda _: repack(lambda one: replace(one, organization_id="o-elsewhere01")),
    "without a unit": lambda _: repack(lambda one: replace(one, left_out_folders=frozenset({"ou-ab12-secret00"}))),
    "of another external id": rotate,
    "of a role since re-pointed": lambda mirror: Integration.objects.update(
        role_arn=mirror.aws.roles.create_discovery(mirror.integration.discovery_external_id, name="other")
    ),
    "older than another run": lambda mirror: SyncRun.objects.create(
        tenant_id=mirror.integration.tenant_id, integration=mirror.integration, trigger="settings", state="succeeded"
    ),
    "older than a request": lambda mirror: mirror.request(),
    "for a run of another kind": lambda _: KnownSnapshot.objects.update(read_by="preview"),
}


@pytest.mark.parametrize("how", [*SPOILED, "older than an event"])
def test_what_may_not_be_applied_is_read_again(aws: RunningAws, cast: Cast, how: str) -> None:
    mirror = create(green(aws, cast), aws, cast)
    if how in SPOILED:
        with isolation.as_tenant(cast.acme.pk):
            SPOILED[how](mirror)
    else:
        event(mirror)
    run = mirror.work()
    assert (run.state, run.read_by, run.read_at) == ("succeeded", "", None), run.error
    assert aws.calls.count("ListRoots") == 1
    assert in_tree(mirror.integration) == in_aws(aws.organization)
    assert kept(cast) == 0


def test_a_role_that_is_denied_now_fails_as_ever_and_is_read_by_the_next(aws: RunningAws, cast: Cast) -> None:
    mirror = create(green(aws, cast), aws, cast)
    aws.faults.fail("AssumeRole", "AccessDenied", times=1)
    assert mirror.work().state == SyncRun.State.FAILED
    assert len(in_tree(mirror.integration)) == 1
    assert mirror.sync().read_by == ""
    assert in_tree(mirror.integration) == in_aws(aws.organization)


def test_a_test_of_other_settings_is_not_kept(aws: RunningAws, cast: Cast) -> None:
    rotated = green(aws, cast)
    with isolation.as_tenant(cast.acme.pk):
        drafts.rotate_external_id(draft=rotated, kind=AccessTest.Kind.DISCOVERY, by=cast.org_owner)
    create(rotated, aws, cast)
    assert kept(cast) == 0
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(handle="first")
    aws.roles.delete(rotated.role_arn)
    failed = green(aws, cast)
    aws.faults.fail("ListRoots", "AccessDeniedException", times=1)
    assert press_test(failed, cast).state == AccessTest.State.FAILED
    create(failed, aws, cast)
    assert kept(cast) == 0
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.filter(handle="main").update(handle="second")
    key = aws.roles.create_key("reader", reading_organizations())
    other = green(aws, cast, access_mode="key", access_key_id=key.id, secret_key=key.secret)
    other.secret_key = "another" * 6
    with isolation.as_tenant(cast.acme.pk):
        other.save()
    create(other, aws, cast)
    assert kept(cast) == 0


def test_a_preview_is_kept_for_the_button_on_its_page_alone(aws: RunningAws, cast: Cast, as_org_owner: Client) -> None:
    mirror = make_mirror(aws, cast.at_org, cast)
    mirror.work()
    page = preview(as_org_owner, cast)
    post(as_org_owner, MAIN + "sync/", anyway="")  # on any other page
    assert mirror.work().read_by == ""
    press_sync(as_org_owner, page)  # after that sync
    assert mirror.work().read_by == ""
    page = preview(as_org_owner, cast)
    press_sync(as_org_owner, page)
    press_sync(as_org_owner, page)
    assert kept(cast) == 1
    assert mirror.work().read_by == "preview"
    page = preview(as_org_owner, cast)
    again = preview(as_org_owner, cast)
    assert hidden(page, "preview") != hidden(again, "preview")
    press_sync(as_org_owner, page)  # which shows what nobody has any more
    assert kept(cast) == 0


def test_a_preview_by_key_is_kept_while_the_key_is_the_same(aws: RunningAws, cast: Cast, as_org_owner: Client) -> None:
    key = aws.roles.create_key("reader", reading_organizations())
    mirror = create(green(aws, cast, access_mode="key", access_key_id=key.id, secret_key=key.secret), aws, cast)
    mirror.work()
    press_sync(as_org_owner, preview(as_org_owner, cast))  # whose row has sealed the secret anew
    assert mirror.work().read_by == "preview"
    page = preview(as_org_owner, cast)
    with isolation.as_tenant(cast.acme.pk):
        changed = Integration.objects.get()
        changed.secret_key = "another" * 6
        changed.save()
    press_sync(as_org_owner, page)
    assert kept(cast) == 0


def test_a_run_that_took_it_is_followed_by_one_that_reads_and_reads_itself_when_it_starts_again(
    aws: RunningAws, cast: Cast
) -> None:
    mirror = create(green(aws, cast), aws, cast)
    integration = mirror.integration

    def begin() -> SyncRun:
        begun = sync_schedule.start(integration.tenant_id, integration.pk, now=timezone.now())
        assert begun
        organization_id = aws.organization.id
        taken = known_snapshot.take(begun, integration, organization_id=organization_id, now=timezone.now())
        assert (taken is None) == (not begun.read_by)
        return begun

    run = begin()
    assert run.read_by == "test"
    mirror.request()
    assert mirror.schedule().asked_trigger == "manual"
    interruption.give_back(run, "The worker stops.", is_suspect=False)
    assert begin().read_by == ""
    with isolation.as_tenant(cast.acme.pk):
        run.refresh_from_db()
    assert (run.read_by, run.read_at) == ("", None)


def test_it_is_kept_for_minutes_and_goes_with_its_integration(aws: RunningAws, cast: Cast) -> None:
    mirror = create(green(aws, cast), aws, cast)
    clean_up.run(now=timezone.now())
    assert kept(cast) == 1
    with isolation.as_tenant(cast.globex.pk):
        assert not KnownSnapshot.objects.exists()
    clean_up.run(now=timezone.now() + TOO_LONG)
    assert kept(cast) == 0
    with isolation.as_tenant(cast.acme.pk):
        known_snapshot.keep_test(mirror.integration)
        assert KnownSnapshot.objects.exists()
        SyncSchedule.objects.all().delete()
        Integration.objects.update(state=Integration.State.DELETING)
    clean_up.remove(cast.acme.pk, mirror.integration.pk)
    assert kept(cast) == 0
