"""The address that EventBridge sends to, and the page that makes its key."""

import json
import logging
import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.views.debug import SafeExceptionReporterFilter
from pytest_django.fixtures import Settings

from integrations.models import EventInlet, Integration, SyncSchedule
from tests import factories
from tests.conftest import Cast
from tests.integrations.in_use import hidden
from workspaces import isolation
from workspaces.models import AuditEvent, Plan, Tenant

AWSI = "/tenants/acme/orgs/tnt/integrations/awsi/"
PAGE = AWSI + "advanced/events/"
KEY = re.compile(r'data-copy="([\w-]{43})"')
EVENT = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "AWS API Call via CloudTrail",
    "source": "aws.organizations",
    "account": "111122223333",
    "region": "us-east-1",
    "detail": {"eventSource": "organizations.amazonaws.com", "eventName": "MoveAccount"},
}


@pytest.fixture
def awsi(cast: Cast, settings: Settings, own_cache: None) -> Integration:
    settings.BASE_URL = "https://pipes.example.com"
    with isolation.as_tenant(cast.acme.pk):
        return factories.integration(cast.at_org, "awsi", by=cast.org_owner)


def shown(html: str) -> tuple[str, str]:
    """Give the path of the address and the key that a page shows."""
    address = re.search(r"https://pipes\.example\.com(/events/[0-9a-f-]{36}/)", html)
    key = KEY.search(html)
    assert address
    assert key
    return address[1], key[1]


def enable(client: Client) -> tuple[str, str]:
    """Press Enable Events; gives the path of the address and the key."""
    return shown(client.post(PAGE).content.decode())


def rotate(client: Client, *, made_at: str = "") -> str:
    """Press Rotate Key and Rotate, on the page as it is now or as it was; gives the answer."""
    made_at = made_at or hidden(client.get(PAGE + "rotate/").content.decode(), "made_at")
    return client.post(PAGE + "rotate/", {"made_at": made_at}, follow=True).content.decode()


def send(address: str, key: str | None, *, body: object = EVENT, **more: str) -> HttpResponse:
    """Post an event as EventBridge does: from anywhere, without a session or a token against forgery."""
    headers = {} if key is None else {"X-Pipes-Key": key}
    client = Client(enforce_csrf_checks=True)
    return client.post(address, json.dumps(body), content_type="application/json", headers=headers, **more)  # type: ignore[return-value,arg-type]


def waits(integration: Integration) -> bool:
    return SyncSchedule.objects.get(pk=integration.pk).event_at is not None


def test_an_event_with_the_key_is_taken_and_one_without_finds_nothing(awsi: Integration, as_org_owner: Client) -> None:
    address, key = enable(as_org_owner)
    refused = [
        send(address, None),
        send(address, ""),
        send(address, "x" * 43),
        send("/events/" + "0" * 8 + "-0000-4000-8000-" + "0" * 12 + "/", key),
    ]
    assert {(answer.status_code, answer.content) for answer in refused} == {(404, b"There is nothing here.\n")}
    assert not waits(awsi)
    taken = send(address, key)
    assert (taken.status_code, "no-store" in taken["Cache-Control"]) == (202, True)
    assert waits(awsi)


def test_what_an_event_says_is_not_read(awsi: Integration, as_org_owner: Client) -> None:
    address, key = enable(as_org_owner)
    assert send(address, key, body="{not json" * 100).status_code == 202


def test_only_posts_of_a_size_that_events_have_are_taken(awsi: Integration, as_org_owner: Client) -> None:
    address, key = enable(as_org_owner)
    assert send(address, key, body="x" * (256 * 1024)).status_code == 413
    assert not waits(awsi)
    assert Client().get(address, headers={"X-Pipes-Key": key}).status_code == 405
    assert not waits(awsi)


def test_too_many_are_asked_to_come_later(
    awsi: Integration, as_org_owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.events.receiving._PER_MINUTE", 0)
    address, key = enable(as_org_owner)
    answer = send(address, key)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")


def test_the_key_is_shown_once_and_rotating_it_shuts_out_the_old_one(awsi: Integration, as_org_owner: Client) -> None:
    address, key = enable(as_org_owner)
    again = as_org_owner.get(PAGE)
    assert key not in again.content.decode()
    assert "Only its hash is stored." in again.content.decode()
    assert "no-store" in again["Cache-Control"]
    same, new = shown(rotate(as_org_owner))
    assert same == address
    assert new != key
    assert (send(address, key).status_code, send(address, new).status_code) == (404, 202)


def test_enabling_twice_leaves_the_key_as_it_is(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    address, key = enable(as_org_owner)
    again = as_org_owner.post(PAGE, follow=True).content.decode()
    assert "Events are enabled already, and the key is as it was." in again
    assert not KEY.search(again)
    assert send(address, key).status_code == 202
    with isolation.as_tenant(cast.acme.pk):
        assert AuditEvent.objects.filter(action__contains="events").count() == 1


def test_a_rotation_is_asked_for_and_sent_twice_it_is_done_once(awsi: Integration, as_org_owner: Client) -> None:
    address, key = enable(as_org_owner)
    asking = as_org_owner.get(PAGE + "rotate/").content.decode()
    assert "Rotate the Key?" in asking
    assert send(address, key).status_code == 202
    made_at = hidden(asking, "made_at")
    _, new = shown(rotate(as_org_owner, made_at=made_at))
    again = rotate(as_org_owner, made_at=made_at)
    assert "The key was rotated already" in again
    assert not KEY.search(again)
    assert send(address, new).status_code == 202


def test_a_closed_inlet_has_no_key_to_rotate(awsi: Integration, as_org_owner: Client) -> None:
    assert as_org_owner.get(PAGE + "rotate/").status_code == 404
    assert "there is no key to rotate" in rotate(as_org_owner, made_at="2026-03-01T09:30:00+00:00")


def test_disabling_shuts_the_address(awsi: Integration, as_org_owner: Client) -> None:
    address, key = enable(as_org_owner)
    answer = as_org_owner.post(PAGE + "disable/", follow=True).content.decode()
    assert "Events are disabled." in answer
    assert "Enable Events" in answer
    assert send(address, key).status_code == 404
    assert as_org_owner.get(PAGE + "template.yaml").status_code == 404


def test_where_the_plan_allows_no_integration_any_more_none_is_enabled_and_one_can_be_disabled(
    cast: Cast, awsi: Integration, as_org_owner: Client
) -> None:
    enable(as_org_owner)
    with isolation.as_operator():
        Tenant.objects.filter(pk=cast.acme.pk).update(plan=Plan.DEVELOPER)
    assert as_org_owner.post(PAGE).status_code == 403
    assert shown(rotate(as_org_owner))  # a key that may be known to others is changed whatever the plan
    assert "Events are disabled." in as_org_owner.post(PAGE + "disable/", follow=True).content.decode()


def test_each_step_is_in_the_audit_log_without_the_key(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    keys = [enable(as_org_owner)[1], shown(rotate(as_org_owner))[1]]
    as_org_owner.post(PAGE + "disable/")
    with isolation.as_tenant(cast.acme.pk):
        written = list(AuditEvent.objects.filter(action__contains="events").order_by("pk"))
    assert [event.action.partition(".")[2] for event in written] == [
        "events_enabled",
        "events_key_rotated",
        "events_disabled",
    ]
    assert not [key for key in keys if key in repr([event.__dict__ for event in written])]


def test_the_template_holds_the_address_and_not_the_key(cast: Cast, awsi: Integration, as_org_owner: Client) -> None:
    address, key = enable(as_org_owner)
    answer = as_org_owner.get(PAGE + "template.yaml")
    text = answer.content.decode()
    assert answer["Content-Disposition"] == 'attachment; filename="pipes-events-awsi.yaml"'
    assert f'Default: "https://pipes.example.com{address}"' in text
    assert "NoEcho: true" in text
    with isolation.as_tenant(cast.acme.pk):
        assert not [secret for secret in (key, EventInlet.objects.get().key_hash) if secret in text]


@pytest.mark.parametrize(
    ("role_arn", "region"),
    [
        ("arn:aws:iam::111122223333:role/pipes", "us-east-1"),
        ("arn:aws-us-gov:iam::111122223333:role/pipes", "us-gov-west-1"),
        ("arn:aws-cn:iam::111122223333:role/pipes", "cn-northwest-1"),
    ],
)
def test_the_page_and_the_template_name_the_one_region_that_has_the_events(
    cast: Cast, awsi: Integration, as_org_owner: Client, role_arn: str, region: str
) -> None:
    enable(as_org_owner)
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.filter(pk=awsi.pk).update(role_arn=role_arn)
    assert f"<code>{region}</code>" in as_org_owner.get(PAGE).content.decode()
    assert f'!Ref "AWS::Region", "{region}"' in as_org_owner.get(PAGE + "template.yaml").content.decode()


def test_the_page_says_when_the_last_event_came_and_when_none_can_come(
    awsi: Integration, as_org_owner: Client, settings: Settings
) -> None:
    address, key = enable(as_org_owner)
    assert "None has come yet" in as_org_owner.get(PAGE).content.decode()
    assert "none has come yet" in as_org_owner.get(AWSI + "advanced/").content.decode()
    send(address, key)
    assert "just now" in as_org_owner.get(PAGE).content.decode()
    assert "The last event came" in as_org_owner.get(AWSI + "advanced/").content.decode()
    assert "PIPES_BASE_URL" not in as_org_owner.get(PAGE).content.decode()
    settings.BASE_URL = "http://127.0.0.1:8000"
    assert "PIPES_BASE_URL" in as_org_owner.get(PAGE).content.decode()


def test_the_key_is_in_no_log_and_no_report_of_an_error(
    awsi: Integration, as_org_owner: Client, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    address, key = enable(as_org_owner)
    answer = send(address, key)
    send(address, key[:-1] + "_")
    assert key[:-1] not in "".join(capsys.readouterr()) + caplog.text
    meta = SafeExceptionReporterFilter().get_safe_request_meta(answer.wsgi_request)  # type: ignore[attr-defined]
    assert key not in repr(meta)
