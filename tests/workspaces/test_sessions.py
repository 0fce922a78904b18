"""Where somebody is signed in: what they see of it, and how sessions end."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.workspaces.signing_in import prove, sign_in, told
from workspaces.models import User

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGE = "usersessions_list"


def elsewhere(person: User, **environment: Any) -> Client:
    """Another browser in which the person is signed in."""
    client = Client(**environment)
    client.force_login(person)
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
