"""What the product's own template sets up is what happens: events that fit are posted to the address, with the key."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from integrations.aws import iac
from tests.fakes.aws import AwsOrganization, RunningAws, StandInError, running_aws
from tests.fakes.aws.server import serving
from tests.fakes.aws.standin import StandIn
from tests.fakes.aws.world import load, save

PATH = "/events/0f0f0f0f-1111-4222-8333-444444444444/"
KEY = "k" * 43


@dataclass
class Receiver:
    """An address that keeps what is sent to it, and answers with these statuses first, then with 202."""

    statuses: list[int] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)
    moments: list[float] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)
    url: str = ""

    @property
    def names(self) -> list[str]:
        return [event["detail"].get("eventName", event["detail-type"]) for event in self.events]

    def wait(self, is_enough: Callable[[], bool]) -> None:
        with self.came:
            assert self.came.wait_for(is_enough, 15), self.names


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with made.came:
                made.events.append(json.loads(body))
                made.keys.add(self.headers["X-Pipes-Key"])
                made.moments.append(time.monotonic())
                status = made.statuses.pop(0) if made.statuses else 202
                made.came.notify()
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def template(endpoint: str, *, partition: str = "aws") -> str:
    return iac.events_cloudformation(partition=partition, endpoint=endpoint, key_header="X-Pipes-Key")


def launch(aws: RunningAws, receiver: Receiver) -> None:
    """Launch the template as customers do, and wait for the first sign of life."""
    aws.stand_in.bus.first_pause = 0.01
    aws.roles.deploy(template(receiver.url), {"Key": KEY}, stack_name="pipes-events")
    receiver.wait(lambda: len(receiver.events) == 1)


def test_each_change_is_sent_in_order_with_the_key_and_what_is_no_change_is_not(
    aws: RunningAws, receiver: Receiver, organization: AwsOrganization
) -> None:
    launch(aws, receiver)
    organization.suspend("db")
    made = organization.create_account("new", parent="Prod")
    organization.move("web", "Workloads")
    organization.rename("Prod", "Live")
    receiver.wait(lambda: len(receiver.events) == 5)
    # The rule leaves out the call that only asks for an account.
    assert receiver.names == [
        "Scheduled Event",
        "CreateAccountResult",
        "MoveAccount",
        "MoveAccount",
        "UpdateOrganizationalUnit",
    ]
    assert receiver.events[2]["detail"]["requestParameters"]["accountId"] == made.id
    assert receiver.keys == {KEY}
    beat = receiver.events[0]
    assert (beat["source"], beat["detail"], beat["account"]) == ("aws.events", {}, organization.management_account_id)
    assert beat["resources"][0].endswith(":rule/pipes-events-Heartbeat")
    between = [later - earlier for earlier, later in zip(receiver.moments, receiver.moments[1:], strict=False)]
    assert min(between) > 0.15  # five a second


def test_what_is_not_taken_is_sent_again_and_what_comes_later_waits(
    aws: RunningAws, receiver: Receiver, organization: AwsOrganization
) -> None:
    launch(aws, receiver)
    receiver.statuses = [503, 429, 500, 202, 404]
    organization.move("web", "Workloads")
    organization.move("db", "Workloads")
    organization.move("audit", "Root")
    receiver.wait(lambda: len(receiver.events) == 7)
    moved = [event["detail"]["requestParameters"]["accountId"] for event in receiver.events[1:]]
    web, db, audit = (organization.find_account(name).id for name in ("web", "db", "audit"))
    assert moved == [web, web, web, web, db, audit]  # 404: nobody wants it
    assert len({event["id"] for event in receiver.events[1:5]}) == 1
    tried = list(aws.stand_in.bus.sent)[1:6]
    assert [each.status for each in tried] == [503, 429, 500, 202, 404]


def test_a_stack_that_is_launched_again_replaces_its_key_and_another_one_sends_too(
    aws: RunningAws, receiver: Receiver, organization: AwsOrganization
) -> None:
    launch(aws, receiver)
    new = "n" * 43
    aws.roles.deploy(template(receiver.url), {"Key": new}, stack_name="pipes-events")
    receiver.wait(lambda: new in receiver.keys)
    receiver.keys.clear()
    aws.roles.deploy(template(receiver.url), stack_name="pipes-events")  # which keeps what has no default
    aws.roles.deploy(template(receiver.url), {"Key": KEY}, stack_name="another")
    organization.move("web", "Root")
    receiver.wait(lambda: receiver.names.count("MoveAccount") == 2)
    assert receiver.keys == {new, KEY}


def test_the_rules_outlive_a_restart(receiver: Receiver, organization: AwsOrganization, tmp_path: Path) -> None:
    file = tmp_path / "aws.json"
    with running_aws(organization) as aws:
        launch(aws, receiver)
        save(aws.world, file)
    with serving(StandIn(load(file), file)) as server:
        receiver.wait(lambda: receiver.names == ["Scheduled Event"] * 2)
        server.stand_in.world.organizations[0].move("web", "Root")
        receiver.wait(lambda: receiver.names[-1] == "MoveAccount")


def test_a_sender_that_nobody_answers_tries_again(
    aws: RunningAws, receiver: Receiver, organization: AwsOrganization
) -> None:
    bus = aws.stand_in.bus
    bus.first_pause = 0.01
    aws.roles.deploy(template(f"http://127.0.0.1:9{PATH}"), {"Key": KEY}, stack_name="nowhere")
    launch(aws, receiver)
    organization.move("web", "Root")
    receiver.wait(lambda: "MoveAccount" in receiver.names)
    nowhere = [each.status for each in bus.sent if ":9/" in each.endpoint]
    assert set(nowhere) == {0}


@pytest.mark.parametrize(
    ("endpoint", "key"),
    [
        ("http://pipes.example.com" + PATH, KEY),
        ("https://pipes.example.com/elsewhere/", KEY),
        ("https://pipes.example.com" + PATH, "short"),
    ],
)
def test_what_the_template_forbids_is_not_launched(aws: RunningAws, endpoint: str, key: str) -> None:
    text = template("https://pipes.example.com" + PATH)
    with pytest.raises(StandInError, match="does not allow"):
        aws.roles.deploy(text, {"Endpoint": endpoint, "Key": key})
    assert aws.world.rules == []


def test_a_rule_is_launched_only_where_its_events_are_and_with_a_role_that_may_send(
    aws: RunningAws, receiver: Receiver
) -> None:
    with pytest.raises(StandInError, match="us-gov-west-1 only"):
        aws.roles.deploy(template(receiver.url, partition="aws-us-gov"), {"Key": KEY})
    for good, bad in (
        ("events:InvokeApiDestination", "events:PutEvents"),
        ("events.amazonaws.com", "s3.amazonaws.com"),
    ):
        with pytest.raises(StandInError, match="does not let EventBridge send"):
            aws.roles.deploy(template(receiver.url).replace(good, bad), {"Key": KEY})
    with pytest.raises(StandInError, match="does not know the filter"):
        aws.roles.deploy(template(receiver.url).replace("exists: false", "suffix: x"), {"Key": KEY})
    with pytest.raises(StandInError, match="none that the stand-in knows"):
        aws.roles.deploy(template(receiver.url).replace("rate(1 hour)", "rate(1 hours)"), {"Key": KEY})
