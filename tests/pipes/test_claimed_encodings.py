"""What a request claims about how its text is written has no effect: it is UTF-8, as all forms of our pages are."""

from io import BytesIO
from typing import Any
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.signals import request_started
from django.db import close_old_connections
from django.test import Client

from pipes.wsgi import application
from tests.conftest import Cast

FORM = "application/x-www-form-urlencoded"
CLAIMS = ["charset=hex", 'charset="undefined"', "charset=utf-7", "charset=UTF8", "charset*=utf-8''hex", "x*=none''%41"]


def answer(path: str, kind: str, body: bytes = b"", cookies: str = "") -> tuple[int, str, str]:
    """Send a request as the web server hands it on; give the status, where it leads, and the page."""
    path, _, query = path.partition("?")
    environ: dict[str, Any] = {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": "POST" if body else "GET"}
    environ |= {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
    environ |= {"HTTP_HOST": "localhost", "HTTP_COOKIE": cookies}
    setup_testing_defaults(environ)
    told: list[Any] = []
    request_started.disconnect(close_old_connections)  # the test's own; Django's client of tests keeps it so, too
    page = b"".join(application(environ, lambda *arguments: told.extend(arguments)))  # type: ignore[arg-type]
    request_started.connect(close_old_connections)
    return int(told[0].split()[0]), dict(told[1]).get("Location", ""), page.decode()


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_page_is_shown_whatever_is_claimed(db: None, claim: str) -> None:
    status, _, page = answer("/account/login/?next=%2Fprofile%2F", f"text/plain; {claim}")
    assert (status, "Sign in" in page, "/profile/" in page) == (200, True, True)


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_form_is_read_as_utf_8_whatever_is_claimed(cast: Cast, client: Client, claim: str) -> None:
    client.force_login(cast.org_owner)
    client.get("/profile/")
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    form = urlencode(
        {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, "handle": "org-owner", "name": "Łukasz"}
    ).encode()
    assert answer("/profile/", f"{FORM}; {claim}", form, cookies)[:2] == (302, "/profile/")
    cast.org_owner.refresh_from_db()
    assert cast.org_owner.name == "Łukasz"


@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=ab", 'multipart/form-data; charset=hex; boundary="ab"']
)
def test_a_form_in_parts_keeps_what_stands_between_them(db: None, client: Client, kind: str) -> None:
    client.get("/account/login/")
    cookies = f"csrftoken={client.cookies['csrftoken'].value}"
    fields = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, "theme": "dark", "next": "/account/login/"}
    parts = "".join(
        f'--ab\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    assert answer("/theme/", kind, f"{parts}--ab--\r\n".encode(), cookies)[:2] == (302, "/account/login/")
