"""The small parts that pages are made of."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template

from workspaces.models import User
from workspaces.sign_in.sessions import browser
from workspaces.templatetags import console

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=59), "59 seconds ago"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=119), "1 hour ago"),
        (timedelta(days=2, hours=3), "2 days ago"),
        (timedelta(days=400), "1 year ago"),
        (timedelta(minutes=-15), "in 15 minutes"),
        (timedelta(days=-7, seconds=40), "in 7 days"),
        (timedelta(days=-6, hours=-20), "in 6 days"),
        (timedelta(hours=-1, seconds=20), "in 1 hour"),
        (timedelta(minutes=-59, seconds=-20), "in 59 minutes"),
        (timedelta(seconds=-59), "in 59 seconds"),
        (timedelta(days=-365), "in 1 year"),
    ],
)
def test_a_time_is_said_in_the_largest_unit_that_fits(ago: timedelta, words: str) -> None:
    assert console.relative(NOW - ago, NOW) == words


def test_a_time_shows_the_exact_utc_time_on_hover() -> None:
    assert 'title="2026-11-22 12:00:00 UTC"' in console.ago(NOW)
    assert console.ago(None) == ""


def test_initials_come_from_the_words_of_a_name_and_are_escaped() -> None:
    assert ">fw<" in console.avatar("fire-works")
    assert ">ac<" in console.avatar("acme")
    assert "<b" not in console.avatar("<b")


def test_a_value_to_copy_is_escaped_and_its_button_says_what_it_copies() -> None:
    html = render('{% copy value "external ID" %}', value='"><script>')
    assert "<script>" not in html
    assert 'aria-label="Copy external ID"' in html


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605 Version/19.0 Safari/605", "Safari on Mac OS"),
        ("curl/8.5.0", "curl"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_as_people_name_it(user_agent: str, name: str) -> None:
    assert browser(user_agent) == name


def test_a_service_account_is_named_as_one() -> None:
    person, program = User(name="Ana", handle="ana"), User(name="Deploy", handle="deploy", service_tenant_id=1)
    assert [console.who(each) for each in (person, program)] == ["Ana", "service account Deploy"]
