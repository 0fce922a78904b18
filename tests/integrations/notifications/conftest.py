"""An integration whose runs end as a test says, and a receiver of webhooks that really listens."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.jobs.outcome import Outcome
from integrations.models import Delivery, EmailNotifications, Integration, SyncRun, SyncSchedule, Topic, Webhook
from integrations.notifications import delivery as notifications_delivery
from integrations.notifications import emails
from integrations.sync import schedule as sync_schedule
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

CREATED = ["create", "connection", "111122223333", "card <vault>", "", "Root / Prod"]
REMOVED = ["remove", "connection", "777788889999", "gone", "Root / Prod", ""]
MOVED = ["move", "connection", "444455556666", "web", "Root", "Root / Prod"]


@dataclass
class Told:
    """An integration, and what a test wants to know of its notifications."""

    cast: Cast
    integration: Integration
    now: datetime = field(default_factory=lambda: timezone.now() - timedelta(hours=1))

    def run(self, outcome: Outcome) -> SyncRun:
        """Run a sync that ends so."""
        self.now += timedelta(minutes=1)
        with isolation.as_tenant(self.cast.acme.pk):
            SyncSchedule.objects.update(next_due_at=self.now, planned_at=self.now)
            run = sync_schedule.start(self.cast.acme.pk, self.integration.pk, now=self.now)
            assert run is not None
            sync_schedule.finish(run, outcome, now=self.now)
        return run

    def changes(self, *lines: list[str]) -> SyncRun:
        """Run a sync that changes this."""
        return self.run(Outcome(changes=lines or [CREATED]))

    def fails(self, error: str = "AWS said no.", *, is_transient: bool = False) -> SyncRun:
        """Run a sync that fails."""
        return self.run(Outcome(error=error, is_transient=is_transient))

    def wants(
        self,
        *topics: Topic,
        to_owners: bool = True,
        addresses: tuple[str, ...] = (),
        confirmed: tuple[str, ...] | None = None,
    ) -> None:
        """Set the emails; without further words, the addresses were all confirmed before."""
        said = list(addresses if confirmed is None else confirmed)
        with isolation.as_tenant(self.cast.acme.pk):
            EmailNotifications.objects.update_or_create(
                tenant=self.cast.acme, integration=self.integration, defaults={"confirmed": said}
            )
            emails.change_emails(
                integration=self.integration,
                topics=list(topics),
                to_owners=to_owners,
                addresses=addresses,
                version=str(EmailNotifications.of(self.integration).version),
                by=self.cast.org_owner,
                now=self.now,
            )

    def hook(self, url: str = "https://hook.example.com/in?token=sesame", *topics: Topic) -> Webhook:
        """Make a webhook."""
        with isolation.as_tenant(self.cast.acme.pk):
            return factories.webhook(
                self.integration, by=self.cast.org_owner, url=url, topics=list(topics or Topic.values)
            )

    def deliveries(self) -> list[Delivery]:
        """All deliveries, the oldest first."""
        with isolation.as_tenant(self.cast.acme.pk):
            return list(Delivery.objects.of(self.integration).order_by("pk"))

    def events(self) -> list[str]:
        """What was told, the oldest first."""
        return [delivery.event for delivery in self.deliveries()]

    def deliver(self) -> list[Delivery]:
        """Send what is due."""
        notifications_delivery.deliver_due()
        return self.deliveries()


@pytest.fixture
def told(cast: Cast) -> Told:
    """An integration of acme/tnt, whose owner is told of trouble."""
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "awsi", by=cast.org_owner)
        SyncRun.objects.all().delete()
        return Told(cast, Integration.objects.select_related("tenant", "organization").get(pk=made.pk))


@dataclass
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


Respond = Callable[[BaseHTTPRequestHandler], None]


def answer(status: int, **headers: str) -> Respond:
    """Answer with a status and headers."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": "0"} | headers).items():
            handler.send_header(name, value)
        handler.end_headers()

    return respond


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer a byte at a time, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while True:
        handler.wfile.write(b".")
        time.sleep(0.05)


def silence(handler: BaseHTTPRequestHandler) -> None:
    """Answer nothing."""
    time.sleep(30)


def flood(handler: BaseHTTPRequestHandler) -> None:
    """Answer with a body that has no end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(b"." * 65536)


def long_headers(handler: BaseHTTPRequestHandler) -> None:
    """Answer with headers that have no end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-More: " + b"." * 1000 + b"\r\n")


@dataclass
class Receiver:
    """What listens for webhooks on the loopback address."""

    port: int
    got: list[Received] = field(default_factory=list)
    respond: Respond = field(default_factory=lambda: answer(204))

    @property
    def url(self) -> str:
        """A URL at it, with a secret in its path."""
        return f"http://127.0.0.1:{self.port}/in/sesame-path?token=sesame"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """A receiver, which webhooks are allowed to reach."""
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = True

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiving.got.append(Received(self.path, dict(self.headers), body))
            try:
                receiving.respond(self)
            except OSError:  # the sender has had enough
                self.close_connection = True

        def log_request(self, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiving = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiving
    server.shutdown()
    server.server_close()
    thread.join()
