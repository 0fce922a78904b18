"""Events that somebody makes up, who has the key: AWS is asked a bounded number of times, and only AWS is believed."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from integrations.events import inlets, reading, receiving
from integrations.events.reading import Sort
from integrations.models import AwsEvent, Integration, SyncSchedule
from integrations.planning.targeted.hints import MOST_IDS
from integrations.sync.targeted.pending import MOST_KEPT
from tests import factories
from tests.conftest import Cast
from tests.fakes.aws import RunningAws, new_organization, reading_organizations, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.conftest import QUICK, Synced, make_mirror
from tests.integrations.events.watched import Watched
from tests.integrations.sync.exact import in_tree
from workspaces import isolation
from workspaces.access import Scope

NOW = timezone.now()
numbers = itertools.count(1)


def made_up(*ids: str, name: str = "CreateAccountResult", **members: Any) -> dict[str, Any]:
    """An event that looks right, about whatever ids."""
    detail = {"eventName": name, "serviceEventDetails": {"things": [{"accountId": each} for each in ids]}}
    event = {"id": f"forged-{next(numbers)}", "source": "aws.organizations", "time": NOW.isoformat(), "detail": detail}
    return event | members


# Reading

ABSURD: dict[str, bytes] = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "deep and whole": b'{"source":"aws.organizations","id":"1","detail":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"source":"aws.organizations","detail":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    "a huge number": b'{"source":"aws.organizations","id":' + b"9" * 10_000 + b"}",
    "no number": b'{"source":"aws.organizations","id":NaN,"time":1e999,"detail":{"requestParameters":Infinity}}',
}


@pytest.mark.parametrize("body", ABSURD.values(), ids=ABSURD)
def test_what_is_absurd_is_read_and_names_nothing(body: bytes) -> None:
    report = reading.read(body, now=NOW)
    assert (report.sort, report.hints) == (Sort.UNKNOWN, ())


@pytest.mark.parametrize(
    ("members", "event_id"),
    [
        ({"id": "a\x00b"}, ""),
        ({"id": "\ud800"}, ""),
        ({"id": "x" * 65}, ""),
        ({"id": ["1"]}, ""),
        ({"id": "fine"}, "fine"),
    ],
)
def test_an_event_without_an_id_that_can_be_kept_is_no_change(members: dict[str, Any], event_id: str) -> None:
    report = reading.read(json.dumps(made_up("1" * 12, **members)).encode(), now=NOW)
    assert report.event_id == event_id
    assert report.sort is (Sort.CHANGE if event_id else Sort.UNKNOWN)


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2999-01-01", "soon", 1e300, None, [], "\x00"]
)
def test_a_time_that_cannot_be_is_now(time: object) -> None:
    assert reading.read(json.dumps(made_up("1" * 12, time=time)).encode(), now=NOW).occurred_at == NOW


def test_only_so_many_ids_of_one_event_are_kept() -> None:
    ids = [f"{number:012}" for number in range(10_000)]
    assert reading.read(json.dumps(made_up(*ids)).encode(), now=NOW).sort is Sort.UNKNOWN
    report = reading.read(json.dumps(made_up(*ids[:MOST_IDS])).encode(), now=NOW)
    assert (report.sort, len(report.hints)) == (Sort.CHANGE, MOST_IDS)


texts = st.sampled_from(
    ["1" * 12, "ou-ab12-abcdefgh", "r-ab12", "MoveAccount", "x" * 1_000_000, "\x00", "\ud800", "１" * 12]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "accountId", "parentId", "\ud800"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = ("requestParameters", "responseElements", "serviceEventDetails", "userIdentity", "eventName", "errorCode")


@hypothesis_settings(max_examples=150, derandomize=True, database=None)
@given(
    event=st.fixed_dictionaries(
        {"source": st.sampled_from(["aws.organizations", "aws.account"]) | anything},
        optional={
            **dict.fromkeys(("id", "time", "detail-type"), anything),
            "detail": st.fixed_dictionaries({}, optional=dict.fromkeys(PLACES, anything)) | anything,
        },
    )
)
def test_whatever_is_in_an_event_only_ids_that_look_like_those_of_aws_come_out(event: dict[str, Any]) -> None:
    report = reading.read(json.dumps(event).encode(), now=NOW)
    for text in (report.event_id, report.name, *(hint.source_id + hint.expects for hint in report.hints)):
        assert text.isascii()
        assert text.isprintable()
        assert len(text) <= 100
    assert {hint.source_id for hint in report.hints} <= {"1" * 12, "ou-ab12-abcdefgh"}


# Looking


@pytest.fixture
def watched(aws: RunningAws, committed: Cast, own_cache: None) -> Watched:
    return Watched.over(make_mirror(aws, committed.at_org, committed), committed)


@pytest.fixture
def theirs(watched: Watched, aws: RunningAws, committed: Cast) -> Synced:
    """The mirror of another AWS organization in another tenant, with an inlet of its own."""
    other = new_organization("other", joined_at=1.0)
    other.create_account("Theirs", joined_at=2.0, parent=other.create_unit("Their OU").id)
    aws.world.organizations.append(other)
    scope = Scope(committed.globex, committed.globex_org)
    with isolation.as_tenant(committed.globex.pk):
        made = factories.integration(scope, "theirs", by=committed.stranger)
        trust = trusting(VENDOR_ROLE_ARN, made.discovery_external_id)
        account = other.management_account_id
        made.role_arn = aws.roles.create("theirs", trust, reading_organizations(), account=account)
        made.save(update_fields=["role_arn"])
        found = Integration.objects.select_related("tenant", "organization").get(pk=made.pk)
    mirror = Synced(aws, found)
    assert mirror.work(QUICK).state == "succeeded"
    return mirror


def row_of(mirror: Synced) -> dict[str, object]:
    return dict(SyncSchedule.objects.filter(pk=mirror.integration.pk).values().get())


@pytest.mark.django_db(transaction=True)
def test_ids_of_another_tenants_accounts_tell_nothing_and_touch_nothing(
    watched: Watched, theirs: Synced, committed: Cast
) -> None:
    mirror, other = watched.mirror, watched.mirror.aws.world.organizations[-1]
    with isolation.as_tenant(committed.globex.pk):
        their_inlet = inlets.enable(integration=theirs.integration, by=committed.stranger, now=timezone.now())
    assert their_inlet is not None
    before, their_tree, their_row = in_tree(mirror.integration), in_tree(theirs.integration), row_of(theirs)
    assert len(their_tree) == 4
    ids = [*other.accounts, *other.units, "9" * 12, f"ou-{mirror.aws.organization.root_id[2:]}-nowhere0"]
    event = made_up(*ids, name="RemoveAccountFromOrganization")
    event["detail"]["serviceEventDetails"]["ou"] = [{"id": each} for each in ids]
    now = timezone.now()
    body = json.dumps(event).encode()
    assert not receiving.receive(their_inlet.inlet.uid, watched.issued.key, body, now=now)
    assert not receiving.receive(watched.issued.inlet.uid, their_inlet.key, body, now=now)
    assert watched.events() == []
    watched.send(event)
    mirror.aws.calls.clear()
    run = watched.only_run()
    assert (run.kind, run.state, run.changes) == ("targeted", "succeeded", [])
    assert mirror.aws.calls.count("DescribeAccount", "AccountNotFoundException") == 3
    assert mirror.aws.calls.count("DescribeOrganizationalUnit", "OrganizationalUnitNotFoundException") == 2
    assert (in_tree(mirror.integration), in_tree(theirs.integration)) == (before, their_tree)
    assert row_of(theirs) == their_row
    # An event id is one of its inlet's, and says nothing of another's.
    assert receiving.receive(their_inlet.inlet.uid, their_inlet.key, body, now=now)
    for _ in range(3):
        watched.send(event)
    with isolation.as_tenant(committed.globex.pk):
        assert AwsEvent.objects.count() == 1
    assert len(watched.events()) == 1
    with isolation.as_tenant(committed.acme.pk):
        inlets.close(integration=mirror.integration, by=committed.org_owner)
    assert watched.events() == []
    with isolation.as_tenant(committed.globex.pk):
        assert AwsEvent.objects.count() == 1


Flood = Callable[[int], dict[str, Any]]
MANY = [f"{number:012}" for number in range(10**6, 10**6 + MOST_IDS)]
FLOODS: dict[str, Flood] = {
    "the same that are nowhere": lambda _: made_up(*MANY),
    "others each time": lambda turn: made_up(*(f"{turn * 100 + each:012}" for each in range(MOST_IDS))),
    "one that is nowhere, and what says nothing": lambda turn: made_up(*MANY[: turn % 2]),
}
CALLS_A_SECOND = 2
SECONDS = 200  # in steps of two


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("forge", FLOODS.values(), ids=FLOODS)
def test_a_flood_has_aws_asked_twice_a_second_and_read_once_a_minute_at_most(watched: Watched, forge: Flood) -> None:
    mirror, before = watched.mirror, in_tree(watched.mirror.integration)
    mirror.aws.calls.clear()
    began, last_read, reads, kept, lines = watched.moment(timezone.now()), 0.0, 0, 0, 0
    for turn in range(SECONDS // 2):
        if turn % 30 == 0:
            cache.clear()  # a minute is over
        for number in range(4):
            watched.send(forge(turn * 4 + number))
        kept = max(kept, watched.kept())
        for run in watched.work(after=2):
            assert run.state in ("succeeded", "queued"), run.error
            assert not run.changes
            lines = max(lines, len(run.events or ()))
            if run.kind == "full":
                assert run.started_at is not None
                assert run.finished_at is not None
                assert watched.moment(run.started_at) >= last_read + 60
                last_read, reads = watched.moment(run.finished_at), reads + 1
        seconds = watched.moment(timezone.now()) - began
        # Those of the last look, for which it rests now; and what each full sync asks of this small organization.
        assert len(mirror.aws.calls) <= CALLS_A_SECOND * seconds + MOST_IDS + 2 + 12 * reads
    assert reads > 0
    assert kept <= MOST_KEPT
    assert lines <= 3 * MOST_KEPT
    assert in_tree(mirror.integration) == before
    # It ends with the flood.
    quiet = [watched.work(after=30) for _ in range(8)]
    assert watched.events() == []
    assert quiet[-1] == []
