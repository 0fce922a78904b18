"""Where somebody is signed in: what they see of it, and how sessions end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from tests import factories
from tests.conftest import Cast
from tests.signed_in import sign_in_anew
from tests.workspaces.sign_in.signing_in import link_in_letter, prove, sign_in, told
from workspaces.models import User

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGE = "usersessions_list"
CHANGED = "correct-horse-42"


def elsewhere(person: User, **environment: Any) -> Client:
    """Another browser in which the person is signed in."""
    client = Client(**environment)
    sign_in_anew(client, person)
    assert is_in(client)
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("profile")).status_code == 200


def test_a_session_says_what_it_is_and_can_be_ended_alone(cast: Cast, client: Client) -> None:
    sign_in(client, cast.org_owner)
    prove(client)
    one = elsewhere(cast.org_owner, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="203.0.113.9")
    two = elsewhere(cast.org_owner, HTTP_USER_AGENT="curl/8.0")
    page = client.get(reverse(PAGE)).content.decode()
    for words in ("Firefox on Linux", "203.0.113.9", "curl", "This one", "Last seen"):
        assert words in page
    row = next(row for row in page.split("<tr>") if "Firefox" in row)
    session = row.partition('name="session" value="')[2].partition('"')[0]
    done = client.post(reverse(PAGE), {"session": session}, follow=True)
    assert "Signed out Firefox on Linux at 203.0.113.9." in done.content.decode()
    assert [is_in(browser) for browser in (one, two, client)] == [False, True, True]
    assert told(cast.acme, ["user.sessions"]) == ["user.sessions_ended"]
    again = client.post(reverse(PAGE), {"session": session}, follow=True)
    assert "That session had ended already." in again.content.decode()


def test_all_others_can_be_ended_at_once(cast: Cast, client: Client) -> None:
    sign_in(client, cast.org_owner)
    prove(client)
    others = [elsewhere(cast.org_owner), elsewhere(cast.org_owner)]
    client.post(reverse(PAGE))
    assert [is_in(browser) for browser in (*others, client)] == [False, False, True]


def test_nobody_ends_the_session_of_somebody_else(cast: Cast, client: Client) -> None:
    theirs = elsewhere(cast.org_owner)
    page = theirs.get(reverse(PAGE)).content.decode()
    assert "Sign out all others" not in page
    sign_in(client, cast.stranger)
    prove(client)
    client.post(reverse(PAGE), {"session": str(UserSession.objects.get(user=cast.org_owner).pk)})
    assert is_in(theirs)


# --- When sessions end by themselves ------------------------------------------------------------------------------

NOW = datetime(2040, 3, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def after(wait: timedelta, client: Client, **headers: str) -> bool:
    """Whether the browser, used again after this time, is still signed in."""
    with time_machine.travel(NOW + wait, tick=False):
        return client.get(reverse("profile"), headers=headers).status_code == 200


@pytest.fixture
def signed_in(cast: Cast, client: Client) -> Client:
    with time_machine.travel(NOW, tick=False):
        sign_in(client, cast.org_owner)
        assert is_in(client)
    return client


def test_a_session_that_is_unused_for_a_day_is_over(signed_in: Client) -> None:
    assert after(0.9 * DAY, signed_in)
    assert after(1.8 * DAY, signed_in)
    assert not after(2.9 * DAY, signed_in)


def test_a_page_that_asks_for_news_by_itself_keeps_no_session_alive(signed_in: Client) -> None:
    for hour in range(1, 23):
        assert after(timedelta(hours=hour), signed_in, HX_Request="true")
    assert not after(1.1 * DAY, signed_in, HX_Request="true")
    assert not after(1.1 * DAY, signed_in)


def test_a_session_is_over_after_two_weeks_however_much_it_is_used(signed_in: Client) -> None:
    for half_days in range(1, 28):
        assert after(half_days * DAY / 2, signed_in), half_days
    assert not after(14.1 * DAY, signed_in)


def test_signing_in_again_begins_anew(cast: Cast, signed_in: Client) -> None:
    for half_days in range(1, 28):
        after(half_days * DAY / 2, signed_in)
    with time_machine.travel(NOW + 13.9 * DAY, tick=False):
        signed_in.post(reverse("account_logout"))
        sign_in(signed_in, cast.org_owner)
    assert after(14.5 * DAY, signed_in)


def test_the_browser_keeps_a_session_only_where_one_asked_for_it(cast: Cast) -> None:
    ages = []
    for remember in ({}, {"remember": "on"}):
        client = Client()
        form = {"login": cast.org_owner.email, "password": factories.PASSWORD} | remember
        client.post(reverse("account_login"), form)
        ages.append(client.cookies["sessionid"]["max-age"])
    assert ages == ["", 24 * 3600]


def test_a_session_of_the_version_before_gets_the_new_limit(signed_in: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        session = signed_in.session
        session.set_expiry(14 * 24 * 3600)
        session.pop("seen_at")
        session.pop("signed_in_at")
        session.save()
    assert after(0.5 * DAY, signed_in)
    assert not after(2 * DAY, signed_in)


def test_the_limits_are_the_installations(signed_in: Client, settings: Settings) -> None:
    settings.PIPES_SESSION_DAYS = 1
    assert after(0.9 * DAY, signed_in)
    assert not after(1.1 * DAY, signed_in)


def test_somebody_who_is_deactivated_is_out_at_once(cast: Cast, client: Client) -> None:
    theirs = elsewhere(cast.org_owner)
    User.objects.filter(pk=cast.org_owner.pk).update(is_active=False)
    assert not is_in(theirs)


def test_another_password_ends_all_sessions_but_the_one_that_chose_it(cast: Cast, client: Client) -> None:
    other = elsewhere(cast.org_owner)
    sign_in(client, cast.org_owner)
    prove(client)
    new = {"oldpassword": factories.PASSWORD, "password1": CHANGED, "password2": CHANGED}
    client.post(reverse("account_change_password"), new)
    assert [is_in(other), is_in(client)] == [False, True]
    assert client.get(reverse(PAGE)).content.decode().count("<tr>") == 2  # the head, and this one


def test_a_password_that_was_reset_ends_all_sessions(cast: Cast, client: Client) -> None:
    others = [elsewhere(cast.org_owner), elsewhere(cast.org_owner)]
    client.post(reverse("account_reset_password"), {"email": cast.org_owner.email})
    form = client.get(link_in_letter(cast.org_owner.email))["Location"]
    client.post(form, {"password1": CHANGED, "password2": CHANGED})
    assert [is_in(browser) for browser in others] == [False, False]
