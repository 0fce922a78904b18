"""The Notifications page of an integration, and those of its webhooks."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections.errors import ChangedMeanwhileError
from integrations.models import Delivery, EmailNotifications, Integration, Topic, Webhook
from integrations.notifications import rate_limit
from integrations.notifications import webhooks as notifications_webhooks
from tests import factories
from tests.conftest import Cast
from tests.integrations.in_use import hidden, text_of
from tests.integrations.notifications.conftest import Received, Receiver, Told
from tests.integrations.notifications.test_delivery import verified
from workspaces import isolation
from workspaces.models import AuditEvent

PAGE = "/tenants/acme/orgs/tnt/integrations/awsi/notifications/"
NEW = f"{PAGE}webhooks/new/"
URL = "https://hooks.example.com/T0/sesame-path?token=sesame"

pytestmark = pytest.mark.usefixtures("own_cache")


def get(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode()


def post(client: Client, url: str, /, **values: object) -> str:
    response = client.post(url, values, follow=True)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode()


def complaint_at(html: str, field: str) -> str:
    """The error next to a field."""
    part = html[html.index(f'id="id_{field}-status"') :]
    return text_of(part[: part.index("</div>")])


def stored(told: Told) -> EmailNotifications:
    with isolation.as_tenant(told.cast.acme.pk):
        return EmailNotifications.of(told.integration)


def webhooks(told: Told) -> list[Webhook]:
    with isolation.as_tenant(told.cast.acme.pk):
        return list(Webhook.objects.filter(integration=told.integration))


@pytest.fixture
def events(cast: Cast) -> list[AuditEvent]:
    """What was recorded since the test began, read when it is looked at."""

    class Since(list[AuditEvent]):
        def __iter__(self) -> Iterator[AuditEvent]:
            with isolation.as_tenant(cast.acme.pk):
                yield from list(AuditEvent.objects.filter(pk__gt=before).order_by("pk"))

    with isolation.as_tenant(cast.acme.pk):
        latest = AuditEvent.objects.order_by("-pk").first()
        before = latest.pk if latest else 0
    return Since()


def test_the_page_is_reached_from_advanced_and_says_the_defaults(told: Told, as_org_owner: Client) -> None:
    advanced = "/tenants/acme/orgs/tnt/integrations/awsi/advanced/"
    with isolation.as_tenant(told.cast.acme.pk):
        factories.finished_run(told.integration)
    assert f'href="{PAGE}"' in get(as_org_owner, advanced)
    page = get(as_org_owner, PAGE)
    assert re.search(r'value="trouble"[^>]* checked', page)
    assert re.search(r'value="approval"[^>]* checked', page)
    assert not re.search(r'value="changes"[^>]* checked', page)
    assert "To the owners of acme/tnt" in page
    assert f'<a href="{advanced}" aria-current="page">' in page


def test_emails_are_saved_and_audited(told: Told, as_org_owner: Client, events: list[AuditEvent]) -> None:
    values = {"topics": ["changes", "trouble"], "addresses": "Team@example.com\nlist@example.org, team@example.com"}
    page = post(as_org_owner, PAGE, version="1", **values)
    assert "Saved who gets emails about awsi." in page
    now = stored(told)
    assert (now.topics, now.to_owners) == (["changes", "trouble"], False)
    assert now.addresses == ["team@example.com", "list@example.org"]
    (event,) = events
    assert (event.action, event.details["after"]["addresses"]) == ("integration.emails_changed", now.addresses)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"addresses": "ana@", "to_owners": "on"}, "ana@ is no email address."),
        ({"addresses": " ".join(f"a{n}@example.com" for n in range(11))}, "Enter 10 addresses at most"),
        ({"topics": ["trouble"]}, "Enter an address or choose the owners, or nobody gets these emails."),
        ({"addresses": "a@example.com\x00", "to_owners": "on"}, "Null characters are not allowed."),
    ],
)
def test_wrong_addresses_are_said_next_to_the_field(
    told: Told, as_org_owner: Client, values: dict[str, object], sentence: str
) -> None:
    page = post(as_org_owner, PAGE, version="1", **values)
    assert sentence in complaint_at(page, "addresses")
    assert stored(told).version == 1


def test_the_second_of_two_who_save_at_once_is_told(told: Told, as_org_owner: Client) -> None:
    told.wants(Topic.CHANGES)
    page = post(as_org_owner, PAGE, version="1", topics=["trouble"], to_owners="on")
    assert "org-owner@example.com changed the events" in text_of(page)
    assert stored(told).topics == ["changes"]


def test_a_test_email_is_queued_sent_and_listed(told: Told, as_org_owner: Client, events: list[AuditEvent]) -> None:
    page = post(as_org_owner, f"{PAGE}test/")
    assert "A test is on its way to 1 address." in text_of(page)
    assert 'hx-trigger="load delay:2s"' in page
    told.deliver()
    assert mail.outbox[0].subject == "[Pipes] awsi (acme/tnt): this is a test"
    page = get(as_org_owner, PAGE)
    assert "Test org-owner@example.com just now Delivered" in text_of(page)
    assert 'hx-trigger="load' not in page
    assert [event.action for event in events] == ["integration.notification_tested"]


def test_a_test_without_anybody_to_get_it_says_so(told: Told, as_org_owner: Client) -> None:
    told.wants(to_owners=False)
    assert "Nobody gets emails." in post(as_org_owner, f"{PAGE}test/")


def test_tests_are_limited_by_the_hour(told: Told, as_org_owner: Client) -> None:
    hook = told.hook()
    told.changes()
    (delivery,) = told.deliveries()
    for _ in range(rate_limit.SENT_PER_HOUR):
        as_org_owner.post(f"{PAGE}test/")
    for url in (f"{PAGE}test/", f"{PAGE}webhooks/{hook.uid}/test/", f"{PAGE}deliveries/{delivery.pk}/send/"):
        assert "30 notifications sent within this hour" in post(as_org_owner, url)
    assert len(told.deliveries()) == 1 + rate_limit.SENT_PER_HOUR


def test_a_new_webhook_shows_its_secret_once_and_its_url_never(
    told: Told, as_org_owner: Client, receiver: Receiver, events: list[AuditEvent]
) -> None:
    response = as_org_owner.post(NEW, {"name": "Chat", "url": receiver.url, "topics": ["changes"]})
    page = response.content.decode()
    assert "no-store" in response["Cache-Control"]
    (hook,) = webhooks(told)
    (secret,) = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", page))
    assert secret == hook.secret
    pages = page + get(as_org_owner, PAGE) + get(as_org_owner, f"{PAGE}webhooks/{hook.uid}/")
    assert "sesame" not in pages
    assert secret not in get(as_org_owner, PAGE) + get(as_org_owner, f"{PAGE}webhooks/{hook.uid}/")
    assert f"{hook.origin}/…" in get(as_org_owner, PAGE)
    told.changes()
    told.deliver()
    assert isinstance(receiver.got[0], Received)
    assert verified(receiver.got[0], secret)
    (event,) = events
    assert (event.action, "sesame" in repr(event.details), secret in repr(event.details)) == (
        "webhook.created",
        False,
        False,
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Enter a name"),
        ("name", "x" * 61, "at most 60 characters"),
        ("url", "", "Enter the URL"),
        ("url", "http://hooks.example.com/", "starts with https://"),
        ("url", "https://169.254.169.254/latest/", "no public address"),
        ("url", "https://localhost/", "no public address"),
        ("url", "https://u:p@hooks.example.com/", "Leave out the user name and password"),
        ("url", URL, "has a webhook with this URL already"),
        ("topics", [], "Choose at least one"),
        ("topics", ["everything"], "Choose from what is listed."),
    ],
)
def test_a_webhook_that_cannot_be_is_said_next_to_the_field(
    told: Told, as_org_owner: Client, field: str, value: object, sentence: str
) -> None:
    told.hook(URL)
    values: dict[str, object] = {"name": "Chat", "url": "https://new.example.com/", "topics": ["changes"]}
    page = post(as_org_owner, NEW, **(values | {field: value}))
    assert sentence in complaint_at(page, field)
    assert len(webhooks(told)) == 1


def test_there_are_ten_webhooks_at_most(told: Told, as_org_owner: Client) -> None:
    for n in range(notifications_webhooks.MOST_WEBHOOKS):
        told.hook(f"https://hooks.example.com/{n}")
    page = post(as_org_owner, NEW, name="Chat", url=URL, topics=["changes"])
    assert "10 webhooks at most" in complaint_at(page, "url")


def test_a_webhook_is_changed_and_keeps_its_url_unless_another_one_is_entered(
    told: Told, as_org_owner: Client, events: list[AuditEvent]
) -> None:
    hook = told.hook(URL)
    edit = f"{PAGE}webhooks/{hook.uid}/"
    version = hidden(get(as_org_owner, edit), "version")
    assert "Saved the webhook Chat." in post(as_org_owner, edit, version=version, name="Chat", topics=["trouble"])
    (now,) = webhooks(told)
    assert (now.name, now.topics, now.is_on, now.url) == ("Chat", ["trouble"], False, URL)
    version = hidden(get(as_org_owner, edit), "version")
    elsewhere = {"url": "https://new.example.com/x", "topics": ["trouble"], "is_on": "on"}
    post(as_org_owner, edit, version=version, name="Chat", **elsewhere)
    (now,) = webhooks(told)
    assert (now.url, now.origin, now.is_on) == ("https://new.example.com/x", "https://new.example.com", True)
    page = post(as_org_owner, edit, version=version, name="Mine", **elsewhere)
    assert "org-owner@example.com changed the Switched on and URL" in text_of(page)
    assert [event.action for event in events] == ["webhook.created", "webhook.changed", "webhook.changed"]


def test_a_webhook_that_was_switched_off_says_why_and_can_be_switched_on(told: Told, as_org_owner: Client) -> None:
    hook = told.hook(URL)
    with isolation.as_tenant(told.cast.acme.pk):
        Webhook.objects.update(is_on=False, off_reason="The endpoint answered 410 Gone.")
    edit = f"{PAGE}webhooks/{hook.uid}/"
    assert "Off: gone" in get(as_org_owner, PAGE)
    assert "This webhook was switched off: The endpoint answered 410 Gone." in text_of(get(as_org_owner, edit))
    post(as_org_owner, edit, version="1", name="hook", topics=["changes"], is_on="on")
    (now,) = webhooks(told)
    assert (now.is_on, now.off_reason) == (True, "")


def test_a_secret_is_rotated_and_shown_once(told: Told, as_org_owner: Client, events: list[AuditEvent]) -> None:
    hook = told.hook(URL)
    former = hook.secret
    rotate = f"{PAGE}webhooks/{hook.uid}/rotate/"
    asking = get(as_org_owner, rotate)
    assert "Rotate the Secret?" in asking
    former_until = hidden(asking, "former_until")
    page = post(as_org_owner, rotate, former_until=former_until)
    (now,) = webhooks(told)
    assert now.secret != former
    assert now.secret in page
    assert former not in page
    assert now.secret not in get(as_org_owner, f"{PAGE}webhooks/{hook.uid}/")
    assert "It was rotated lately" in get(as_org_owner, f"{PAGE}webhooks/{hook.uid}/")
    again = post(as_org_owner, rotate, former_until=former_until)
    assert "The secret was rotated already" in again
    assert "whsec_" not in again
    assert webhooks(told)[0].secret == now.secret
    assert [event.action for event in events][1:] == ["webhook.secret_rotated"]


def test_the_old_secret_is_ended_on_the_page(told: Told, as_org_owner: Client, events: list[AuditEvent]) -> None:
    hook = told.hook(URL)
    page, end = f"{PAGE}webhooks/{hook.uid}/", f"{PAGE}webhooks/{hook.uid}/end-old-secret/"
    assert "End the Old Secret Now" not in get(as_org_owner, page)
    post(as_org_owner, f"{page}rotate/")
    assert f'href="{end}"' in get(as_org_owner, page)
    assert "End the Old Secret Now?" in get(as_org_owner, end)
    assert "Only the new secret signs what is posted to hook." in post(as_org_owner, end)
    assert "End the Old Secret Now" not in get(as_org_owner, page)
    assert [event.action for event in events][1:] == ["webhook.secret_rotated", "webhook.former_secret_ended"]


def test_a_webhook_is_deleted_with_what_waits_for_it(
    told: Told, as_org_owner: Client, events: list[AuditEvent]
) -> None:
    hook = told.hook(URL)
    told.changes()
    delete = f"{PAGE}webhooks/{hook.uid}/delete/"
    assert "Nothing is posted to https://hooks.example.com any more." in text_of(get(as_org_owner, delete))
    assert "Deleted the webhook hook." in post(as_org_owner, delete)
    assert (webhooks(told), told.deliveries()) == ([], [])
    assert [event.action for event in events][1:] == ["webhook.deleted"]


def test_a_failed_delivery_is_listed_with_its_reason_and_sent_again(
    told: Told, as_org_owner: Client, events: list[AuditEvent]
) -> None:
    told.hook(URL)
    told.changes()
    with isolation.as_tenant(told.cast.acme.pk):
        Delivery.objects.update(
            attempts=3,
            status=500,
            error="The endpoint answered 500.",
            next_try_at=told.now + timedelta(hours=4, minutes=1),
        )
    text = text_of(get(as_org_owner, PAGE))
    assert "Changes hook" in text
    assert re.search(r"Trying again The endpoint answered 500. 3 attempts, the next in 3 hours", text)
    (delivery,) = told.deliveries()
    with isolation.as_tenant(told.cast.acme.pk):
        delivery.due.delete()
        Delivery.objects.update(state="failed", next_try_at=None)
    assert "Failed The endpoint answered 500. 3 attempts." in text_of(get(as_org_owner, PAGE))
    as_org_owner.post(f"{PAGE}deliveries/{delivery.pk}/send/")
    (again,) = told.deliveries()
    assert (again.state, again.attempts, again.uid) == ("waiting", 0, delivery.uid)
    assert [event.action for event in events][1:] == ["integration.notification_sent_again"]


def test_what_waits_for_its_next_attempt_can_be_sent_now(told: Told, as_org_owner: Client) -> None:
    told.hook(URL)
    told.changes()
    later = told.now + timedelta(hours=9)
    with isolation.as_tenant(told.cast.acme.pk):
        Delivery.objects.update(attempts=1, next_try_at=later)
        (delivery,) = told.deliveries()
        type(delivery.due).objects.update(due_at=later)
    as_org_owner.post(f"{PAGE}deliveries/{delivery.pk}/send/")
    with isolation.as_tenant(told.cast.acme.pk):
        delivery.refresh_from_db()
        assert delivery.due.due_at == delivery.next_try_at
        assert delivery.due.due_at < later


@pytest.mark.parametrize("number", [3, 20])
def test_the_list_costs_the_same_however_long_it_is(told: Told, as_org_owner: Client, number: int) -> None:
    told.hook(URL)
    for n in range(2):
        told.hook(f"https://more.example.com/{n}")
    for _ in range(number // 3):
        told.changes()
    get(as_org_owner, PAGE)
    with CaptureQueriesContext(connection) as queries:
        get(as_org_owner, PAGE)
    assert len(queries) == 16


def test_names_are_escaped(told: Told, as_org_owner: Client) -> None:
    with isolation.as_tenant(told.cast.acme.pk):
        factories.webhook(told.integration, "<b>bold</b>", by=told.cast.org_owner, url=URL)
    told.changes()
    page = get(as_org_owner, PAGE)
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>bold" not in page


def test_what_somebody_deleted_meanwhile_is_said_and_is_no_error(told: Told) -> None:
    hook = told.hook(URL)
    by, now = told.cast.org_owner, told.now
    with isolation.as_tenant(told.cast.acme.pk):
        notifications_webhooks.delete_webhook(webhook=hook, by=by)
        notifications_webhooks.delete_webhook(webhook=hook, by=by)
        for act in (
            lambda: notifications_webhooks.rotate_secret(webhook=hook, former_until="", by=by, now=now),
            lambda: notifications_webhooks.end_former_secret(webhook=hook, by=by, now=now),
            lambda: notifications_webhooks.send_test(integration=told.integration, webhook=hook, by=by, now=now),
        ):
            with pytest.raises(ChangedMeanwhileError, match="deleted the webhook hook meanwhile"):
                act()
        Integration.objects.update(state=Integration.State.DELETING)
        with pytest.raises(ChangedMeanwhileError, match="deleted the integration awsi meanwhile"):
            notifications_webhooks.create_webhook(integration=told.integration, name="x", url=URL, topics=[], by=by)
