"""The audit log of a place: who sees what of it, filters, pages and the CSV file."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.audit import activity
from workspaces.audit.activity import Filters
from workspaces.models import AuditEvent, Role, User
from workspaces.places import members

NOON = datetime(2040, 3, 14, 12, tzinfo=UTC)  # later than what the cast's making has recorded
FIRST = NOON.date()


def make(scope: Scope, label: str, at: datetime = NOON, **fields: Any) -> AuditEvent:
    """Write one event at a given time."""
    place = {f"{level}_id": place and place.pk for level, place in scope.keys.items()}
    own = {"actor": "somebody@example.com", "action": "integration.created", "object_kind": "integration"}
    row = place | own | {"object_id": "7", "object_label": label, "details": {}, "happened_at": at.isoformat()} | fields
    with isolation.as_tenant(scope.tenant.pk), connection.cursor() as cursor:
        cursor.execute("SELECT tell_history(%s::jsonb)", [json.dumps(row)])
        return AuditEvent.objects.get(pk=cursor.fetchone()[0])


@pytest.fixture
def stories(cast: Cast) -> None:
    """One event a day, at each level."""
    make(cast.at_tenant, "top")
    make(cast.at_org, "awsi", NOON + timedelta(days=1), object_id="8", actor_id=cast.org_owner.pk)
    make(cast.at_workspace, "thing", NOON + timedelta(days=2), object_kind="workspace", actor="reader@example.com")
    make(Scope(cast.acme, cast.ops), "other-org", NOON + timedelta(days=3), actor="system")
    make(Scope(cast.acme, cast.tnt, cast.rockets), "awsi-too", NOON + timedelta(days=4))
    make(Scope(cast.globex), "theirs", NOON + timedelta(days=5))


def labels(scope: Scope, **filters: Any) -> list[str]:
    with isolation.as_tenant(scope.tenant.pk):
        page = activity.page_of(scope, Filters(**({"since": FIRST} | filters)), before=None)
    return [row.event.object_label for row in page.rows]


def body(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def read_csv(client: Client, url: str) -> list[list[str]]:
    response = client.get(url)
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.content.decode())))


def csv_url(scope: Scope, query: str = f"?since={FIRST}") -> str:
    return scope.url("audit_log_csv") + query


# --- Who sees what ------------------------------------------------------------------------------------------------


def test_each_level_shows_its_own_and_what_is_inside_newest_first(cast: Cast, stories: None) -> None:
    assert labels(cast.at_tenant) == ["awsi-too", "other-org", "thing", "awsi", "top"]
    assert labels(cast.at_org) == ["awsi-too", "thing", "awsi"]
    assert labels(cast.at_workspace) == ["thing"]


def test_nothing_of_another_tenant_is_seen_even_when_the_filter_asks_for_it(cast: Cast, stories: None) -> None:
    with isolation.as_tenant(cast.acme.pk):
        assert activity.page_of(Scope(cast.globex), Filters(), before=None).rows == []
    assert labels(cast.at_tenant, object="theirs") == []


def test_a_page_of_another_place_is_no_way_in(cast: Cast, stories: None) -> None:
    with isolation.as_tenant(cast.acme.pk):
        elsewhere = AuditEvent.objects.get(object_label="other-org").pk
        page = activity.page_of(cast.at_org, Filters(since=FIRST), before=elsewhere)
    assert [row.event.object_label for row in page.rows] == ["awsi-too", "thing", "awsi"]


def test_what_somebody_is_called_who_is_not_in_the_tenant_finds_nothing(cast: Cast) -> None:
    User.objects.filter(pk=cast.stranger.pk).update(name="Zoe")
    make(cast.at_tenant, "helped", actor="support@example.com", actor_id=cast.stranger.pk)
    assert labels(cast.at_tenant, person="support") == ["helped"]
    assert labels(cast.at_tenant, person="Zoe") == []


# --- Filters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"person": "reader@example.com"}, ["thing"]),
        ({"person": "READER"}, ["thing"]),
        ({"person": "org-owner"}, ["awsi"]),  # by what the person is called now
        ({"person": "system"}, ["other-org"]),
        ({"person": "stranger"}, []),
        ({"kind": "workspace"}, ["thing"]),
        ({"object": "AWSI"}, ["awsi-too", "awsi"]),
        ({"kind": "integration", "object_id": "8"}, ["awsi"]),
        ({"since": FIRST + timedelta(days=3)}, ["awsi-too", "other-org"]),
        ({"until": FIRST}, ["top"]),
        ({"since": FIRST + timedelta(days=1), "until": FIRST + timedelta(days=1)}, ["awsi"]),
        ({"object": "awsi", "until": FIRST + timedelta(days=2), "person": "org-owner"}, ["awsi"]),
        ({"object": "100%"}, []),
    ],
)
def test_filters_alone_and_combined(cast: Cast, stories: None, filters: dict[str, Any], found: list[str]) -> None:
    assert labels(cast.at_tenant, **filters) == found


def test_filters_live_in_the_url(cast: Cast, stories: None, as_tenant_owner: Client) -> None:
    query = f"?person=reader&kind=workspace&object=thi&since={FIRST}&until={FIRST + timedelta(days=9)}"
    text = body(as_tenant_owner, cast.at_tenant.url("audit_log") + query)
    assert "thing" in text
    assert "awsi" not in text
    for value in ('value="reader"', 'value="workspace" selected', 'value="thi"', f'value="{FIRST}"'):
        assert value in text
    assert f'{cast.at_tenant.url("audit_log_csv")}{query.replace("&", "&amp;")}"' in text


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?since=2040-03-14&until=2040-03-01", "The range ends before it begins."),
        ("?since=yesterday", "Enter a valid date."),
        ("?kind=spaceship", "Choose one of the kinds."),
    ],
)
def test_a_filter_that_makes_no_sense_is_said_and_left_out(
    cast: Cast, stories: None, as_tenant_owner: Client, query: str, sentence: str
) -> None:
    text = body(as_tenant_owner, cast.at_tenant.url("audit_log") + query)
    assert sentence in text
    assert "awsi" in text
    assert "awsi" in str(read_csv(as_tenant_owner, csv_url(cast.at_tenant, query)))


def test_a_filter_without_a_match_offers_the_whole_log(cast: Cast, as_tenant_owner: Client) -> None:
    url = cast.at_tenant.url("audit_log")
    text = body(as_tenant_owner, f"{url}?object=never-was")
    assert "Nothing that happened here matches this filter." in text
    assert f'href="{url}"' in text


# --- The page -----------------------------------------------------------------------------------------------------


def test_a_row_says_who_what_where_when_and_from_where(cast: Cast, as_org_owner: Client) -> None:
    url = cast.at_workspace.url("workspace_advanced")
    as_org_owner.post(url, {"handle": "fireworks", "name": "Bang"}, REMOTE_ADDR="203.0.113.9")
    text = body(as_org_owner, cast.at_org.url("audit_log"))
    row = text.partition("<tbody>")[2].partition("</tr>")[0]
    for part in (
        "org-owner@example.com",
        "changed the handle or name of the workspace ",
        "acme/tnt/fireworks",
        "203.0.113.9",
        '<span class="muted"><bdi>Fireworks</bdi></span>',
        "Bang",
        " UTC",
    ):
        assert part in row, part


def test_a_name_leads_to_the_page_of_what_it_names_and_else_to_its_events(cast: Cast, as_org_owner: Client) -> None:
    def led_to(kind: str, object_id: int | str) -> str:
        answer = as_org_owner.get(cast.at_org.url("audit_object"), {"kind": kind, "object_id": object_id})
        return answer.headers["Location"]

    with isolation.as_tenant(cast.acme.pk):
        integration = factories.integration(cast.at_org, "awsi", by=cast.org_owner)
        node = factories.connection(cast.at_org, "one", folder=integration.root_folder)
        gone = factories.connection(cast.at_org, "two", folder=integration.root_folder, removed_at=NOON)
    base = "/tenants/acme/orgs/tnt/"
    assert led_to("integration", integration.pk) == f"{base}integrations/awsi/"
    assert led_to("folder", integration.root_folder_id) == f"{base}connections/folders/{integration.root_folder_id}/"
    assert led_to("connection", node.pk) == f"{base}connections/{node.pk}/"
    assert led_to("workspace", cast.fireworks.pk) == f"{base}workspaces/fireworks/"
    assert led_to("organization", cast.tnt.pk) == base
    assert led_to("tenant", cast.acme.pk) == "/tenants/acme/"
    for kind, object_id in (
        ("connection", gone.pk),
        ("user", cast.org_owner.pk),
        ("tenant", cast.globex.pk),
        ("folder", 2**70),
        ("folder", "x"),
        ("nothing", "²"),
    ):
        assert led_to(kind, object_id).startswith(f"{base}activity/?kind={kind}&object_id=")
    owner = Client()
    owner.force_login(cast.workspace_owner)
    for kind, object_id in (("workspace", cast.rockets.pk), ("organization", cast.ops.pk)):
        answer = owner.get(f"{cast.at_workspace.url('audit_object')}?kind={kind}&object_id={object_id}")
        assert answer.headers["Location"].startswith(f"{base}workspaces/fireworks/activity/?kind={kind}"), kind
    make(cast.at_org, "awsi", object_id="8", object_kind="integration")
    assert f'href="{base}activity/object/?kind=integration&amp;object_id=8"' in body(as_org_owner, f"{base}activity/")


def test_a_place_that_is_gone_keeps_its_events(cast: Cast, as_tenant_owner: Client) -> None:
    make(cast.at_tenant, "old", organization_id=999_999, workspace_id=999_999)
    assert "acme/(deleted)/(deleted)" in body(as_tenant_owner, cast.at_tenant.url("audit_log"))


def test_pages_follow_each_other_without_gaps_even_within_one_moment(cast: Cast) -> None:
    for number in range(120):
        make(cast.at_org, f"e{number}", NOON if number < 60 else NOON + timedelta(seconds=number))
    seen: list[str] = []
    before: int | None = None
    with isolation.as_tenant(cast.acme.pk):
        for _ in range(3):
            page = activity.page_of(cast.at_org, Filters(since=FIRST), before=before)
            seen += [row.event.object_label for row in page.rows]
            before = page.older
    assert seen == [f"e{number}" for number in reversed(range(120))]
    assert before is None


def test_older_events_are_a_link_away(cast: Cast, as_org_owner: Client) -> None:
    for number in range(51):
        make(cast.at_org, f"e{number}")
    with isolation.as_tenant(cast.acme.pk):
        last = AuditEvent.objects.get(object_label="e1").pk
    url = cast.at_org.url("audit_log")
    assert f"?since={FIRST}&amp;before={last}" in body(as_org_owner, f"{url}?since={FIRST}")
    older = body(as_org_owner, f"{url}?since={FIRST}&before={last}")
    assert ">e0<" in older
    assert ">e1<" not in older
    assert ">Newest<" in older


def test_only_one_part_of_activity_needs_no_navigation_of_its_own(cast: Cast, as_org_owner: Client) -> None:
    text = body(as_org_owner, cast.at_org.url("audit_log"))
    assert ("Processes" in text) == ('class="tabs subtabs"' in text)


@pytest.mark.parametrize("level", ["at_tenant", "at_org", "at_workspace"])
def test_the_log_takes_as_many_queries_for_fifty_events_as_for_one(
    cast: Cast, as_tenant_owner: Client, level: str
) -> None:
    scope: Scope = getattr(cast, level)
    url = f"{scope.url('audit_log')}?since={FIRST}"

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            body(as_tenant_owner, url)
        return len(queries)

    make(cast.at_workspace, "one")
    count()
    before = count()
    for number in range(60):
        make(cast.at_workspace, f"e{number}")
    assert count() == before
    assert before <= 13


# --- CSV ----------------------------------------------------------------------------------------------------------


def test_the_file_holds_what_the_filter_finds(cast: Cast, stories: None, as_org_owner: Client) -> None:
    rows = read_csv(as_org_owner, csv_url(cast.at_org))
    assert rows[0][:4] == ["Time (UTC)", "Person", "Action", "In words"]
    assert [row[5] for row in rows[1:]] == ["awsi-too", "thing", "awsi"]
    assert rows[3] == [
        "2040-03-15T12:00:00+00:00",
        "somebody@example.com",
        "integration.created",
        "created the integration awsi",
        "Integration",
        "awsi",
        "8",
        "acme/tnt",
        "",
        "{}",
    ]
    assert len(read_csv(as_org_owner, csv_url(cast.at_org, f"?since={FIRST}&object=awsi-too"))) == 2


def test_the_file_is_named_after_the_place_and_the_day(cast: Cast, as_org_owner: Client) -> None:
    response = as_org_owner.get(csv_url(cast.at_workspace))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    name = f"audit-log-acme-tnt-fireworks-{datetime.now(UTC):%Y-%m-%d}.csv"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'
    assert response.content


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_takes_no_name_for_a_formula(cast: Cast, as_org_owner: Client, label: str) -> None:
    make(cast.at_org, label, actor=label, object_id=label, details={"note": "=1"})
    row = read_csv(as_org_owner, csv_url(cast.at_org))[1]
    assert row[1] == row[5] == row[6] == f"'{label}"
    assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_file_is_bounded(cast: Cast, as_org_owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "CSV_ROWS", 3)
    for number in range(5):
        make(cast.at_org, f"e{number}")
    rows = read_csv(as_org_owner, csv_url(cast.at_org))
    assert [row[5] for row in rows[1:]] == ["e4", "e3", "e2"]


def test_the_last_day_of_the_calendar_is_a_day(cast: Cast, as_org_owner: Client) -> None:
    assert as_org_owner.get("/tenants/acme/orgs/tnt/activity/", {"until": "9999-12-31"}).status_code == 200


def test_days_are_those_of_utc() -> None:
    day = date(2040, 3, 14)
    assert activity._midnight(day) == datetime(2040, 3, 14, tzinfo=UTC)


def test_a_role_is_part_of_the_sentence_on_the_page(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        reader = members.members_of(cast.at_workspace).get(user=cast.reader)
        members.change_role(scope=cast.at_workspace, member=reader, role=Role.OPERATOR, by=cast.org_owner)
    text = body(as_org_owner, cast.at_workspace.url("audit_log"))
    assert "changed the role of " in text
    assert " from reader to operator" in text
