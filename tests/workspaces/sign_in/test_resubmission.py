"""A form of an older session is not lost: it is shown once more, with what was typed, to be sent again."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.models import Workspace

OURS, STALE = "http://testserver", "x" * 64


@pytest.fixture
def browser(cast: Cast) -> Client:
    """An owner's browser, which looks at tokens as a real one makes us do."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.org_owner)
    client.get(reverse("profile"))
    return client


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<textarea name="(\w+)" hidden>\n(.*?)</textarea>', page, re.DOTALL))


def token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    return found[1]


def test_what_was_typed_is_sent_with_one_press(cast: Cast, browser: Client) -> None:
    url = cast.at_org.url("workspace_create")
    typed = {"handle": "typed", "name": "Typed Once", "csrfmiddlewaretoken": STALE}
    refused = browser.post(f"{url}?from=list", typed, headers={"Origin": OURS})
    page = refused.content.decode()
    assert refused.status_code == 403
    assert "What you entered is still here." in page
    assert f"You are signed in as {cast.org_owner.email}." in page
    assert f'action="{url}?from=list"' in page
    assert hidden(page) == {"handle": "typed", "name": "Typed Once"}
    again = hidden(page) | {"csrfmiddlewaretoken": token(page)}
    assert browser.post(url, again, headers={"Origin": OURS}).status_code == 302
    with isolation.as_tenant(cast.acme.pk):
        assert Workspace.objects.filter(handle="typed").exists()


def test_every_value_is_kept_as_it_was(browser: Client) -> None:
    sent = {"name": ["\n one", "two"], "text": ["<b>&"], "csrfmiddlewaretoken": [STALE]}
    page = browser.post(reverse("profile"), sent, headers={"Origin": OURS}).content.decode()
    for kept in ('name="name" hidden>\n\n one<', 'name="name" hidden>\ntwo<', 'name="text" hidden>\n&lt;b&gt;&amp;<'):
        assert kept in page


def test_what_is_secret_is_asked_for_again_and_not_in_the_page() -> None:
    typed = {"login": "who@example.com", "password": factories.PASSWORD, "csrfmiddlewaretoken": STALE}
    client = Client(enforce_csrf_checks=True)
    page = client.post(reverse("account_login"), typed, headers={"Origin": OURS}).content.decode()
    assert "What you entered is still here, except for what is secret." in page
    assert hidden(page) == {"login": "who@example.com"}
    assert factories.PASSWORD not in page
    assert re.search(
        r'<label for="unseen-password">Password</label>\s*<input type="password"[^>]* name="password"', page
    )


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", None])
def test_what_another_site_sends_is_not_offered(cast: Cast, browser: Client, origin: str | None) -> None:
    typed = {"handle": "planted", "csrfmiddlewaretoken": STALE}
    headers = {} if origin is None else {"Origin": origin}
    page = browser.post(cast.at_org.url("workspace_create"), typed, headers=headers)
    assert page.status_code == 403
    text = page.content.decode()
    assert "planted" not in text
    assert "Send it again" not in text
    assert "Open the page that you came from again" in text


def test_who_was_signed_out_meanwhile_sends_it_again_after_signing_in(cast: Cast, browser: Client) -> None:
    """The other tab, in which one signs in, is the same browser; its session and the addresses hold nothing of it."""
    url = cast.at_org.url("workspace_create")
    typed = {"handle": "typed", "name": "Typed Once", "csrfmiddlewaretoken": browser.cookies["csrftoken"].value}
    del browser.cookies["sessionid"]
    signed_out = browser.post(f"{url}?from=list", typed, headers={"Origin": OURS})
    page = signed_out.content.decode()
    assert signed_out.status_code == 403
    assert "You are signed out" in page
    assert f'action="{url}?from=list"' in page
    assert f'href="{reverse("account_login")}" target="_blank"' in page
    assert hidden(page) == {"handle": "typed", "name": "Typed Once"}
    assert "sessionid" not in signed_out.cookies

    browser.force_login(cast.org_owner)
    browser.get(reverse("profile"))
    browser.cookies["csrftoken"] = "a" * 32  # signing in takes another one
    once_more = browser.post(url, hidden(page) | {"csrfmiddlewaretoken": token(page)}, headers={"Origin": OURS})
    page = once_more.content.decode()
    assert f"You are signed in as {cast.org_owner.email}." in page
    again = hidden(page) | {"csrfmiddlewaretoken": token(page)}
    assert browser.post(url, again, headers={"Origin": OURS}).status_code == 302
    with isolation.as_tenant(cast.acme.pk):
        assert Workspace.objects.filter(handle="typed").exists()


def test_what_is_secret_is_asked_for_again_of_who_was_signed_out_too(cast: Cast, client: Client) -> None:
    typed = {"oldpassword": factories.PASSWORD, "password1": "correct-horse-42", "password2": "correct-horse-42"}
    page = client.post(reverse("account_change_password"), typed, headers={"Origin": OURS}).content.decode()
    assert "except for what is secret" in page
    assert hidden(page) == {}
    assert not any(value in page for value in typed.values())
    assert all(f'name="{name}" autocomplete="off" required' in page for name in typed)


@pytest.mark.parametrize(
    ("typed", "headers"),
    [
        ({}, {"Origin": OURS}),  # a button: nothing is lost
        ({"handle": "planted"}, {"Origin": "https://elsewhere.example"}),
        ({"handle": "typed"}, {"Origin": OURS, "HX-Request": "true"}),  # our script keeps the page
    ],
)
def test_all_else_of_who_was_signed_out_leads_to_signing_in(
    cast: Cast, client: Client, typed: dict[str, str], headers: dict[str, str]
) -> None:
    asked = client.post(cast.at_org.url("workspace_create"), typed, headers=headers)
    assert (asked.status_code, asked["Location"]) == (302, f"{reverse('account_login')}?next=/")
