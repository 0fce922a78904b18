"""What whoever runs the installation is told: figures, readiness, the page, the command, reports of errors."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sentry_sdk
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from integrations import tasks
from integrations.models import Integration, SyncSchedule
from pipes.celery import app
from pipes.monitoring import installation, metrics, sentry
from pipes.worker.beat import Scheduler
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces import metrics as counting

TOKEN = {"Authorization": "Bearer let-me-look"}


@pytest.fixture(autouse=True)
def _fresh(settings: Settings) -> Iterator[None]:
    settings.PIPES_METRICS_TOKEN = "let-me-look"
    with metrics._redis() as server:
        server.delete("pipes:metrics")
    counting.take()
    cache.delete_many(["tick:beat", "tick:dispatcher"])
    yield
    cache.delete_many(["tick:beat", "tick:dispatcher"])


@pytest.fixture
def awsi(cast: Cast) -> Integration:
    with isolation.as_tenant(cast.acme.pk):
        return factories.integration(cast.at_org, "awsi", by=cast.org_owner)


def figures(client: Client) -> dict[tuple[str, str], float]:
    """All figures by name and labels, read as Prometheus reads them."""
    answer = client.get("/metrics", headers=TOKEN)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.content.decode())
    samples = (sample for family in families for sample in family.samples)
    return {(each.name, ",".join(each.labels.values())): each.value for each in samples}


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "let-me-look"}])
def test_only_who_has_the_token_reads_the_figures(client: Client, headers: dict[str, str]) -> None:
    assert client.get("/metrics", headers=headers).status_code == 404


@pytest.mark.django_db
def test_without_a_token_nobody_reads_them(client: Client, settings: Settings) -> None:
    settings.PIPES_METRICS_TOKEN = ""
    assert client.get("/metrics", headers=TOKEN).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_requests_are_counted_by_view_and_name_nobody(cast: Cast, awsi: Integration, client: Client) -> None:
    client.force_login(cast.org_owner)
    client.get("/tenants/acme/orgs/tnt/integrations/awsi/")
    client.get("/tenants/acme/orgs/tnt/integrations/secret-plans/")
    found = figures(client)
    assert found["pipes_requests_total", "2xx,integration_detail"] == 1
    assert found["pipes_requests_total", "4xx,integration_detail"] == 1
    assert found["pipes_request_seconds_bucket", "+Inf"] >= 2
    page = client.get("/metrics", headers=TOKEN).content.decode()
    assert not any(name in page for name in ("acme", "tnt", "awsi", "secret-plans", "org-owner"))


@pytest.mark.django_db
def test_tasks_are_counted_by_outcome(client: Client) -> None:
    assert tasks.enqueue_due.apply().successful()
    tasks.remove_integration.apply(args=())
    found = figures(client)
    assert found["pipes_tasks_total", "success,enqueue_due"] == 1
    assert found["pipes_tasks_total", "failure,remove_integration"] == 1
    assert found["pipes_dispatcher_silent_seconds", ""] < 45


@pytest.mark.django_db
def test_what_is_due_is_told_with_its_age(client: Client, awsi: Integration) -> None:
    SyncSchedule.objects.update(
        next_due_at=timezone.now() - timedelta(hours=1), dispatched_at=timezone.now(), failures=3
    )
    found = figures(client)
    assert found["pipes_integrations_due", ""] == 1
    assert 3590 <= found["pipes_oldest_due_seconds", ""] < 3700
    assert found["pipes_queued_syncs", ""] == 1
    assert found["pipes_integrations_failing", ""] == 1
    assert found["pipes_integrations_failing_lastingly", ""] == 0


@pytest.mark.django_db
def test_what_redis_does_not_take_is_counted_later(client: Client, settings: Settings) -> None:
    there, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/redis"
    counting.count("syncs", outcome="succeeded")
    metrics.flush(now=True)
    settings.REDIS_URL = there
    assert figures(client)["pipes_syncs_total", "succeeded"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["beat", "dispatcher"])
def test_who_is_silent_is_told_everywhere_within_a_minute(
    who: str, at_work: None, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client.get("/readyz").json() == {"ready": True, "state": "ready", "problems": {}}
    call_command("check_installation")
    assert f"ok   {who}: " in capsys.readouterr().out
    cache.set(f"tick:{who}", time.time() - 59)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["state"]) == (200, "degraded")
    assert list(answer.json()["problems"]) == [who]
    with pytest.raises(CommandError, match=f"Needs attention: {who}"):
        call_command("check_installation")
    assert f"BAD  {who}: The {who} was last heard 59 s ago." in capsys.readouterr().out
    assert figures(client)[f"pipes_{who}_silent_seconds", ""] == pytest.approx(59, abs=5)


@pytest.mark.django_db
def test_work_that_is_late_is_told(at_work: None, awsi: Integration, client: Client) -> None:
    SyncSchedule.objects.update(next_due_at=timezone.now() - timedelta(minutes=3))
    assert list(client.get("/readyz").json()["problems"]) == ["due"]
    with pytest.raises(CommandError, match="Needs attention: due"):
        call_command("check_installation")


@pytest.mark.django_db
def test_a_monitor_may_ask_for_one_thing_only(at_work: None, awsi: Integration) -> None:
    SyncSchedule.objects.update(next_due_at=timezone.now() - timedelta(minutes=3))
    call_command("check_installation", "beat", "dispatcher")


@pytest.mark.django_db
def test_beat_says_that_it_is_alive() -> None:
    beat: Any = Scheduler(app=app, lazy=True)  # type: ignore[no-untyped-call]
    beat.schedule = {}
    assert installation.silence("beat") is None
    assert beat.tick() <= 5
    assert (installation.silence("beat") or 0) < 45
    assert installation.silence("beat") is not None


@pytest.mark.django_db
def test_the_operator_sees_which_integrations_fail_and_no_name_of_theirs(
    cast: Cast, awsi: Integration, as_operator: Client, at_work: None
) -> None:
    SyncSchedule.objects.update(failures=7, failing_since=timezone.now() - timedelta(days=2))
    page = as_operator.get("/operator/installation/").content.decode()
    assert f'<th scope="row">{awsi.pk}</th><td>acme</td>' in page
    assert "awsi" not in page
    assert "The beat was last heard" in page
    assert "The schema is up to date." in page


class _Kept(Transport):
    """Sends nothing, and keeps what it would have sent."""

    def __init__(self, sent: list[dict[str, Any]]) -> None:
        super().__init__()
        self.sent = sent

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep it."""
        self.sent += [dict(event) for event in (item.get_event() for item in envelope.items) if event]


@pytest.fixture
def reports() -> Iterator[list[dict[str, Any]]]:
    """What would be sent to a Sentry."""
    sent: list[dict[str, Any]] = []
    sentry.start("http://key@127.0.0.1:1/1", transport=_Kept(sent))
    yield sent
    # Without a client, what it has wrapped (each request, statement, thread, call of AWS) does nothing for later tests.
    sentry_sdk.get_global_scope().set_client(None)


def test_a_report_holds_the_error_and_nothing_of_anybody(
    reports: list[dict[str, Any]], cast: Cast, client: Client, settings: Settings
) -> None:
    client.force_login(cast.org_owner)
    client.raise_request_exception = False
    settings.ROOT_URLCONF = "tests.outages.broken_urls"
    headers = {"Referer": "http://testserver/invitations/other-secret/", "User-Agent": "private browser"}
    assert (
        client.post("/invitations/very-secret/?q=private", {"password": "secret"}, headers=headers).status_code == 500
    )
    (report,) = reports
    assert report["exception"]["values"][0]["type"] == "ValueError"
    assert report["exception"]["values"][0]["value"] == "refused: /invitations/…/"
    told = str(report)
    for secret in ("secret", "private", "org-owner@", client.cookies["sessionid"].value):
        assert secret not in told


def test_a_report_tells_of_a_request_only_where_it_led() -> None:
    request = {
        "method": "GET",
        "url": "http://testserver/invitations/very-secret/",
        "query_string": "q=private",
        "headers": {"Cookie": "sessionid=1"},
        "data": {"password": "x"},
        "env": {"REMOTE_ADDR": "192.0.2.1"},
    }
    report = sentry.scrub({"request": request, "user": {"id": 1}, "extra": {"a": 1}}, {})
    assert report == {"request": {"method": "GET", "url": "http://testserver/invitations/…/"}, "contexts": {}}
