"""Letters that one gets because somebody typed an address: few, none to strangers, and nobody learns of them."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.handlers.base import BaseHandler
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from tests.conftest import Cast
from tests.workspaces.sign_in.signing_in import letters, prove, sign_in

RESET = "account_reset_password"


class DeadMailServer(BaseEmailBackend):
    """Takes no letter."""

    def send_messages(self, email_messages: object) -> int:
        raise OSError("nobody listens")


def answer_to(client: Client, address: str) -> tuple[int, str]:
    response = client.post(reverse(RESET), {"email": address})
    return response.status_code, response.get("Location", "")


def test_the_answer_does_not_wait_for_the_letter(cast: Cast) -> None:
    request = RequestFactory(enforce_csrf_checks=False).post(reverse(RESET), {"email": cast.org_owner.email})
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    handler = BaseHandler()
    handler.load_middleware()
    response = handler.get_response(request)
    assert response.status_code == 302
    assert mail.outbox == []
    response.close()  # as the server does once it has sent the answer
    assert [letter.to for letter in mail.outbox] == [[cast.org_owner.email]]


def test_a_mail_server_that_is_away_tells_nobody_who_is_known(
    cast: Cast, client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.DeadMailServer"
    assert answer_to(client, cast.org_owner.email) == answer_to(client, "nobody@example.com")
    assert "nobody listens" in caplog.text  # whoever runs the installation learns of it


def test_an_address_gets_few_letters_an_hour_known_or_not(cast: Cast) -> None:
    now = timezone.now()
    statuses: dict[str, list[int]] = {}
    for address in (cast.org_owner.email, "nobody@example.com"):
        for number in range(5):
            with time_machine.travel(now + timedelta(minutes=2 * number)):
                client = Client(REMOTE_ADDR=f"203.0.113.{number}")  # each time from elsewhere
                statuses.setdefault(address, []).append(answer_to(client, address)[0])
    assert statuses[cast.org_owner.email] == statuses["nobody@example.com"] == [302, 302, 302, 429, 429]
    assert len(mail.outbox) == 3
    with time_machine.travel(now + timedelta(minutes=70)):
        assert answer_to(Client(), cast.org_owner.email)[0] == 302


def test_an_address_that_nobody_has_confirmed_opens_no_account(cast: Cast, client: Client) -> None:
    EmailAddress.objects.create(user=cast.org_owner, email="mistyped@elsewhere.example")
    known = answer_to(client, cast.org_owner.email)
    mail.outbox.clear()
    assert answer_to(client, "mistyped@elsewhere.example") == known
    assert letters() == []
    EmailAddress.objects.filter(email="mistyped@elsewhere.example").update(verified=True)
    answer_to(client, "mistyped@elsewhere.example")
    assert letters() == [("mistyped@elsewhere.example", "Choose a new password for Pipes")]


def test_one_account_writes_to_few_addresses(cast: Cast, client: Client) -> None:
    sign_in(client, cast.org_owner)
    prove(client)
    for number in range(8):
        client.post(reverse("account_email"), {"action_add": "", "email": f"victim{number}@elsewhere.example"})
    asked = {address for address, subject in letters() if subject.startswith("Confirm")}
    assert len(asked) == 4  # five addresses with one's own
    page = client.get(reverse("account_email")).content.decode()
    assert "Add an address" not in page
