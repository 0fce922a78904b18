"""The past of syncs: where a timeline puts what, and the lines of numbers; and the pages that show them."""

import gzip
import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Integration, SyncRun
from integrations.pictures import sparkline, timeline
from integrations.pictures.timeline import Point
from tests import factories
from tests.conftest import Cast
from tests.integrations.in_use import text_of
from workspaces import isolation

AWSI = "/tenants/acme/orgs/tnt/integrations/awsi/"
ACTIVITY = "/tenants/acme/orgs/tnt/activity/processes/"
NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


def run(state: str = "succeeded", *, day: int = 0, seconds: float = 10, calls: int = 7, **fields: object) -> SyncRun:
    at = NOON + timedelta(days=day)
    end = at + timedelta(seconds=seconds)
    return SyncRun(state=state, queued_at=at, started_at=at, finished_at=end, aws_calls=calls, **fields)


def point(of: SyncRun, number: int) -> Point:
    return Point(of, f"/{number}/", f"Sync {number}")


def test_each_sync_is_a_column_that_says_all_of_it_the_oldest_first() -> None:
    drawn = timeline.draw(
        [
            point(run("failed", day=2, seconds=30, calls=0), 3),
            point(run(day=1, counts={"create": 1000, "remove": 2, "state": 1}), 2),
            point(run(folded_runs=96), 1),
        ]
    )
    assert [column.url for column in drawn.columns] == ["/1/", "/2/", "/3/"]
    assert [column.words for column in drawn.columns] == [
        "Sync 1, Synced, 20 Nov 2026 12:00 UTC, took 10 s, 7 AWS calls, 96 syncs without changes",
        "Sync 2, Synced, 21 Nov 2026 12:00 UTC, took 10 s, 7 AWS calls, 1,000 created, 1 changed state, 2 removed",
        "Sync 3, Failed, 22 Nov 2026 12:00 UTC, took 30 s, 0 AWS calls",
    ]
    letters = [[mark.letter for mark in column.marks] for column in drawn.columns]
    assert letters == [[""], ["", "+", "~", "−"], [""]]
    _, came, changed, went = drawn.columns[1].marks
    assert came.radius > went.radius > changed.radius - 0.1
    assert came.y < changed.y < went.y
    heights = [[bar.height for bar in column.bars] for column in drawn.columns]
    assert heights[0] == heights[1]
    assert heights[2][0] == pytest.approx(3 * heights[0][0], abs=0.2)
    assert heights[2][1] == 0
    assert [date.words for date in drawn.dates] == ["20 Nov"]  # there is no room for the next two
    assert {"up to 30 s", "up to 7"} <= {lane.words for lane in drawn.lanes}
    assert all(column.x + column.width <= drawn.width for column in drawn.columns)


def test_states_differ_by_shape_too_and_what_was_not_done_is_not_shown_as_done() -> None:
    states = ("succeeded", "failed", "needs_approval", "running", "discarded")
    shapes = {}
    for state in states:
        state_mark, *others = timeline.draw([point(run(state, counts={"remove": 9}), 1)]).columns[0].marks
        shapes[state] = (state_mark.tone, state_mark.path.count("l"), state_mark.radius > 0, state_mark.is_hollow)
        assert bool(others) == (state == "succeeded")
    assert len({shape[1:] for shape in shapes.values()}) >= 4
    assert len(set(shapes.values())) == len(states)


@pytest.mark.parametrize(
    ("values", "is_drawn"), [([], False), ([1, 2], False), ([1, 2, 3], True), ([5, 5, 5, 5], True)]
)
def test_a_number_has_a_line_from_three_values_on(values: list[int], is_drawn: bool) -> None:
    assert (sparkline.draw(values, "Accounts") is not None) == is_drawn


def test_a_line_says_what_it_shows_and_stays_in_its_box() -> None:
    drawn = sparkline.draw([0] * 100 + [5, 1200, 7], "Accounts")
    assert drawn is not None
    assert drawn.words == "Accounts in 30 syncs that went well: from 0 to 7, at most 1,200"
    assert drawn.line.count("L") == 29
    numbers = [float(number) for number in re.findall(r"[\d.]+", drawn.line)]
    assert (max(numbers[::2]) <= drawn.width, max(numbers[1::2]) <= drawn.height, min(numbers) >= 0) == (True,) * 3


@pytest.fixture
def awsi(cast: Cast) -> Integration:
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "awsi", by=cast.org_owner)
        factories.finished_run(made, accounts_read=10)
        return made


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_pages_show_the_past_as_soon_as_there_is_one(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    for url in (f"{AWSI}processes/", ACTIVITY):
        assert '<svg class="picture timeline"' not in page(as_org_owner, url)
    with isolation.as_tenant(cast.acme.pk):
        second = factories.finished_run(
            awsi, accounts_read=11, changes=[["create", "connection", "1", "a", "", "Root"]]
        )
        factories.finished_run(awsi, state="failed", error="AWS said no.")
    for url, name in ((f"{AWSI}processes/", "Sync 2"), (ACTIVITY, "Sync 2 of awsi")):
        html = page(as_org_owner, url)
        assert re.search(rf'<a href="{AWSI}processes/{second.number}/"><title>[^<]*{name}, Synced, ', html)
    list_url = AWSI.removesuffix("awsi/")
    assert all('class="sparkline"' not in page(as_org_owner, url) for url in (AWSI, list_url))
    assert "Accounts 11" in text_of(page(as_org_owner, list_url)).replace("awsi ", "Accounts ")
    with isolation.as_tenant(cast.acme.pk):
        factories.finished_run(awsi, accounts_read=12)
    for url in (AWSI, list_url):
        html = page(as_org_owner, url)
        assert re.search(
            r'class="sparkline"[^>]*aria-label="Accounts[^"]* in 3 syncs that went well: from 10 to 12"', html
        )


def test_a_page_of_the_past_is_light(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    everything = {"create": 9000, "return": 1, "rename": 3, "move": 12, "remove": 400}
    now = timezone.now()
    with isolation.as_tenant(cast.acme.pk):
        for number in range(50):
            begin = now - timedelta(hours=number)
            factories.finished_run(awsi, counts=everything, started_at=begin, finished_at=now, aws_calls=number)
    for url in (f"{AWSI}processes/", ACTIVITY):
        page(as_org_owner, url)
        with CaptureQueriesContext(connection) as captured:
            html = page(as_org_owner, url)
        assert len(gzip.compress(html.encode())) <= 30_000
        assert sum(not re.search("SAVEPOINT|set_config", query["sql"]) for query in captured) <= 12
