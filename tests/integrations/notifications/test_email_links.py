"""Typed addresses: asked before anything else is sent to them, and let go when they want that."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail, signing
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from connections.errors import ChangedMeanwhileError
from integrations.models import EmailNotifications, Integration, Topic
from integrations.notifications import emails, rate_limit, recipients
from tests import factories
from tests.conftest import Cast
from tests.integrations.in_use import text_of
from tests.integrations.notifications.conftest import Told
from tests.integrations.notifications.test_pages import PAGE, get, post, stored
from workspaces import isolation
from workspaces.models import AuditEvent, Role

ANA = "ana@example.com"

pytestmark = pytest.mark.usefixtures("own_cache")


def save(client: Client, told: Told, *addresses: str, to_owners: str = "") -> str:
    """Save the addresses on the page, as what emails about changes go to."""
    values = {"version": stored(told).version, "topics": ["changes"], "to_owners": to_owners}
    return post(client, PAGE, addresses="\n".join(addresses), **values)


def mails(told: Told, to: str = ANA) -> list[EmailMessage]:
    """Send what is due; gives all that an address was sent."""
    told.deliver()
    return [sent for sent in mail.outbox if sent.to == [to]]


def link(sent: EmailMessage, kind: str) -> str:
    """The path of a link in an email."""
    found = re.search(rf"^http://localhost:8000(/emails/{kind}/\S+)$", str(sent.body), re.MULTILINE)
    assert found
    return found[1]


@pytest.fixture
def asked(told: Told, as_org_owner: Client) -> EmailMessage:
    """The email that asks an address that somebody typed."""
    page = text_of(save(as_org_owner, told, ANA))
    assert f"Saved who gets emails about awsi. An email that asks for confirmation is on its way to {ANA}." in page
    (sent,) = mails(told)
    return sent


@pytest.fixture
def written(told: Told, asked: EmailMessage) -> EmailMessage:
    """An email about changes to an address that has confirmed."""
    Client().post(link(asked, "confirm"))
    told.changes()
    return mails(told)[-1]


def test_a_typed_address_is_asked_and_gets_nothing_else_before_it_answers(
    told: Told, asked: EmailMessage, as_org_owner: Client
) -> None:
    assert asked.subject == "[Pipes] awsi (acme/tnt): do you want these emails?"
    assert f"An owner of acme/tnt on Pipes (http://localhost:8000) entered {ANA}" in asked.body
    told.changes()
    assert len(mails(told)) == 1
    assert f"{ANA} Not confirmed yet Send again" in text_of(get(as_org_owner, PAGE))
    assert "Nobody gets emails." in post(as_org_owner, f"{PAGE}test/")


def test_opening_the_link_confirms_nothing_and_the_button_behind_it_does(
    told: Told, asked: EmailMessage, as_org_owner: Client
) -> None:
    url, anybody = link(asked, "confirm"), Client(enforce_csrf_checks=True)
    response = anybody.get(url)
    anybody.head(url)
    assert "no-store" in response["Cache-Control"]
    assert "Yes, Send Them" in response.content.decode()
    assert anybody.post(url).status_code == 403  # not from the page
    assert stored(told).confirmed == []
    token = {"csrfmiddlewaretoken": anybody.cookies["csrftoken"].value}
    for _ in range(2):
        assert f"{ANA} gets the emails about the integration awsi" in text_of(anybody.post(url, token).content.decode())
    assert stored(told).confirmed == [ANA]
    told.changes()
    assert mails(told)[-1].subject == "[Pipes] awsi (acme/tnt): 1 created"
    assert "Not confirmed yet" not in get(as_org_owner, PAGE)
    with isolation.as_tenant(told.cast.acme.pk):
        (event,) = AuditEvent.objects.filter(action="integration.address_confirmed")
    assert (event.actor, event.details) == ("system", {"address": ANA})


def test_a_confirmation_is_good_for_the_address_as_long_as_it_stands_there(
    told: Told, asked: EmailMessage, as_org_owner: Client
) -> None:
    Client().post(link(asked, "confirm"))
    save(as_org_owner, told, ANA, "list@example.org")
    assert (stored(told).confirmed, len(mails(told)), len(mails(told, "list@example.org"))) == ([ANA], 1, 1)
    save(as_org_owner, told, "list@example.org")
    save(as_org_owner, told, "list@example.org", ANA)
    assert (stored(told).confirmed, len(mails(told)), len(mails(told, "list@example.org"))) == ([], 2, 1)


def test_a_link_is_good_for_a_week(told: Told, asked: EmailMessage) -> None:
    url = link(asked, "confirm")
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert Client().get(url).status_code == Client().post(url).status_code == 404
        assert Client().get(link(asked, "stop")).status_code == 200
    assert stored(told).confirmed == []


def test_a_link_that_we_did_not_sign_and_one_that_is_over_are_answered_alike(
    told: Told, asked: EmailMessage, as_org_owner: Client, cast: Cast
) -> None:
    token = link(asked, "confirm").split("/")[-2]
    payload = signing.loads(token, salt=recipients._SALT)
    theirs = [cast.globex.pk, *payload[1:]]
    wrong = ["x", token[:-1], signing.dumps(payload), signing.dumps(theirs, salt=recipients._SALT)]
    bodies = set()
    for one in wrong:
        for kind in ("confirm", "stop"):
            response = Client().post(f"/emails/{kind}/{one}/")
            assert response.status_code == 404
            bodies.add(text_of(response.content.decode()))
    save(as_org_owner, told, "list@example.org")
    bodies.add(text_of(Client().post(link(asked, "confirm")).content.decode()))
    assert len(bodies) == 1
    assert stored(told).confirmed == []


def test_a_link_holds_neither_the_address_nor_the_integration_of_another(told: Told, asked: EmailMessage) -> None:
    payload = signing.loads(link(asked, "confirm").split("/")[-2], salt=recipients._SALT)
    assert ANA not in repr(payload)
    with isolation.as_tenant(told.cast.acme.pk):
        other = factories.integration(told.cast.at_org, "other", by=told.cast.org_owner)
        EmailNotifications.objects.create(tenant=told.cast.acme, integration=other, addresses=[ANA])
    Client().post(link(asked, "confirm"))
    with isolation.as_tenant(told.cast.acme.pk):
        assert EmailNotifications.of(other).confirmed == []


@pytest.mark.parametrize(
    ("is_verified", "is_active", "role_at", "is_asked"),
    [
        (True, True, "org", False),
        (False, True, "org", True),
        (True, False, "org", True),
        (True, True, "tenant", True),
    ],
    ids=["a member's", "not confirmed", "of one who was shut out", "of a member of another place"],
)
def test_a_confirmed_address_of_a_member_needs_no_question(
    told: Told, as_org_owner: Client, is_verified: bool, is_active: bool, role_at: str, is_asked: bool
) -> None:
    scope = {"org": told.cast.at_org, "tenant": told.cast.at_tenant}[role_at]
    with isolation.as_tenant(told.cast.acme.pk):
        user = factories.user("ana")
        factories.member(scope, user, Role.MEMBER)
    user.is_active = is_active
    user.save()
    EmailAddress.objects.create(user=user, email=ANA, verified=is_verified)
    save(as_org_owner, told, ANA)
    told.changes()
    assert [sent.subject.endswith("do you want these emails?") for sent in mails(told)] == [is_asked]


def test_an_owner_who_is_typed_too_is_not_asked_and_has_nothing_to_stop(told: Told, as_org_owner: Client) -> None:
    owner = told.cast.org_owner.email
    save(as_org_owner, told, owner, to_owners="on")
    told.changes()
    (sent,) = mails(told, owner)
    assert "You get this as an owner of acme/tnt." in sent.body
    assert "List-Unsubscribe" not in sent.extra_headers


def test_the_question_is_sent_again_three_times_a_day_at_most(
    told: Told, asked: EmailMessage, as_org_owner: Client
) -> None:
    ask = f"{PAGE}addresses/ask/"
    for _ in range(rate_limit.ASKED_PER_DAY - 1):
        assert f"on its way to {ANA}." in text_of(post(as_org_owner, ask, address=ANA))
    refusal = f"{ANA} was asked 3 times today whether it wants emails. Try again tomorrow."
    (question, *_) = told.deliveries()
    assert refusal in post(as_org_owner, ask, address=ANA)
    assert refusal in post(as_org_owner, f"{PAGE}deliveries/{question.pk}/send/")
    assert len(mails(told)) == rate_limit.ASKED_PER_DAY
    save(as_org_owner, told, "list@example.org")
    assert refusal in save(as_org_owner, told, ANA)
    assert stored(told).addresses == ["list@example.org"]
    with isolation.as_tenant(told.cast.acme.pk):
        assert AuditEvent.objects.filter(action="integration.address_asked").count() == 2


def test_only_what_waits_for_an_answer_is_asked(told: Told, asked: EmailMessage, as_org_owner: Client) -> None:
    Client().post(link(asked, "confirm"))
    for address in (ANA, "stranger@example.com", ""):
        page = post(as_org_owner, f"{PAGE}addresses/ask/", address=address)
        assert "This address needs no confirmation any more" in page
    assert len(mails(told)) == 1


def test_a_question_that_was_answered_or_taken_back_before_it_went_out_is_not_asked(
    told: Told, as_org_owner: Client
) -> None:
    save(as_org_owner, told, ANA)
    save(as_org_owner, told, "list@example.org")
    assert mails(told) == []
    assert told.deliveries()[0].state == "failed"


def test_a_letter_says_why_it_comes_and_how_to_stop_it(written: EmailMessage) -> None:
    stop = link(written, "stop")
    assert f"You get this because an owner of acme/tnt entered {ANA} for emails about awsi." in written.body
    assert written.extra_headers["List-Unsubscribe"] == f"<http://localhost:8000{stop}>"
    assert written.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f" <http://localhost:8000{stop}>\n".encode() in written.message().as_bytes()  # long, and yet not encoded


def by_the_page(url: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    assert "Stop These Emails" in browser.get(url).content.decode()
    done = browser.post(url, {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value})
    assert f"{ANA} was taken out and gets no more emails" in text_of(done.content.decode())


def by_the_mail_program(url: str) -> None:
    program = Client(enforce_csrf_checks=True)
    assert program.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200


@pytest.mark.parametrize("by", [by_the_page, by_the_mail_program])
def test_who_wants_no_more_emails_is_taken_out(
    told: Told, written: EmailMessage, as_org_owner: Client, by: Callable[[str], None]
) -> None:
    url = link(written, "stop")
    Client().get(url)
    assert stored(told).addresses == [ANA]
    by(url)
    now = stored(told)
    assert (now.addresses, now.confirmed) == ([], [])
    told.changes()
    assert len(mails(told)) == 2
    with isolation.as_tenant(told.cast.acme.pk):
        event = AuditEvent.objects.get(action="integration.address_stopped")
        assert event.details["address"] == ANA
        with pytest.raises(ChangedMeanwhileError, match="system changed the addresses"):
            emails.change_emails(
                integration=told.integration,
                topics=[Topic.CHANGES],
                to_owners=False,
                addresses=[ANA],
                version=str(now.version - 1),
                by=told.cast.org_owner,
                now=told.now,
            )


def test_a_link_to_an_integration_that_is_being_deleted_does_nothing(told: Told, written: EmailMessage) -> None:
    with isolation.as_tenant(told.cast.acme.pk):
        Integration.objects.update(state=Integration.State.DELETING)
    assert Client().post(link(written, "stop")).status_code == 404


def test_the_path_of_a_link_needs_no_encoding(asked: EmailMessage) -> None:
    assert re.fullmatch(r"[\w:/-]+", urlsplit(link(asked, "confirm")).path)
