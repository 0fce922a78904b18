"""What every answer says to the browser, whatever it is: a page or a part of one, a file, a refusal, a failure."""

from collections.abc import Callable, Mapping
from http.cookies import Morsel

import pytest
from django.conf import settings as project
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import path, reverse
from pytest_django.fixtures import Settings

from pipes.error_pages import server_error
from pipes.urls import urlpatterns as all_patterns
from tests import factories
from tests.architecture.everything import Everything, all_urls
from tests.architecture.headers import wrong_with
from tests.conftest import Cast

pytestmark = pytest.mark.neutral


def _break(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("as it may happen")


def _go_away(_request: HttpRequest) -> HttpResponse:
    raise OperationalError("the connection is closed")


handler500 = server_error
urlpatterns = [*all_patterns, path("broken/", _break), path("away/", _go_away)]


def ask(client: Client, method: str, url: str, headers: Mapping[str, str] | None = None) -> HttpResponseBase:
    """Ask, and undo whatever that did."""
    with transaction.atomic():
        response: HttpResponseBase = client.generic(method, url, headers=headers)
        transaction.set_rollback(True)
    return response


@pytest.mark.sweep
def test_every_answer_of_every_url_has_every_header_and_is_kept_by_nobody(cast: Cast) -> None:
    """Those to GET are looked at where everybody asks for each page (test_permissions_table)."""
    everything, client = Everything(cast), Client()
    client.force_login(cast.tenant_owner)
    wrong = []
    for (name, level), arguments in all_urls().items():
        url = everything.url(name, level, arguments)
        for method in ("POST", "PUT"):
            wrong += [f"{method} {url}: {what}" for what in wrong_with(ask(client, method, url))]
    assert wrong == []


# Name, how to get it, and its status.
KINDS: list[tuple[str, Callable[[Client], HttpResponseBase], int]] = [
    ("page", lambda client: client.get("/profile/"), 200),
    ("fragment", lambda client: client.get("/tenants/acme/people/", headers=fragment("people")), 200),
    ("redirect", lambda client: client.get("/"), 302),
    ("redirect to the slash", lambda client: client.get("/profile"), 301),
    ("CSV", lambda client: client.get("/tenants/acme/activity/audit-log.csv"), 200),
    ("health", lambda client: client.get("/healthz"), 200),
    ("readiness", lambda client: client.get("/readyz"), 200),
    ("sign-in", lambda _client: Client().get("/account/login/"), 200),
    ("to sign-in", lambda _client: Client().get("/profile/"), 302),
    ("sessions", lambda client: client.get("/account/sessions/"), 200),
    ("sign-out", lambda client: client.post("/account/logout/"), 302),
    ("operator, to whom it is not for", lambda client: client.get("/operator/"), 404),
    ("a bad request", lambda client: client.get("/profile/", headers={"Host": "[nonsense"}), 400),
    ("a refusal", lambda client: client.get("/tenants/acme/orgs/tnt/workspaces/pager/"), 404),
    ("a form without its token", lambda _client: Client(enforce_csrf_checks=True).post("/account/login/"), 403),
    ("nothing there", lambda client: client.get("/nowhere/"), 404),
    ("another method", lambda client: client.get("/theme/"), 405),
    ("no length", lambda client: client.post("/theme/", headers={"Transfer-Encoding": "chunked"}), 411),
    ("too long", lambda client: client.post("/theme/", {"theme": "x" * project.DATA_UPLOAD_MAX_MEMORY_SIZE}), 413),
    ("a failure", lambda client: client.get("/broken/"), 500),
]


def fragment(target: str) -> dict[str, str]:
    """What HTMX sends when it asks for a part of a page."""
    return {"HX-Request": "true", "HX-Target": target}


@pytest.mark.parametrize(("get", "status"), [kind[1:] for kind in KINDS], ids=[kind[0] for kind in KINDS])
def test_every_kind_of_answer_has_every_header(
    cast: Cast, settings: Settings, get: Callable[[Client], HttpResponseBase], status: int
) -> None:
    settings.ROOT_URLCONF = __name__
    client = Client(raise_request_exception=False)
    client.force_login(cast.tenant_owner)
    response = get(client)
    assert (response.status_code, wrong_with(response)) == (status, [])


def test_what_is_too_much_has_every_header(client: Client, cast: Cast) -> None:
    for _ in range(30):
        response: HttpResponseBase = client.post(reverse("account_reset_password"), {"email": "a@example.com"})
    assert (response.status_code, wrong_with(response)) == (429, [])


def test_what_is_away_has_every_header(settings: Settings, cast: Cast) -> None:
    settings.ROOT_URLCONF = __name__
    response: HttpResponseBase = Client(raise_request_exception=False).get("/away/")
    assert (response.status_code, wrong_with(response)) == (503, [])


def test_a_refusal_has_every_header(cast: Cast, as_org_owner: Client) -> None:
    response: HttpResponseBase = as_org_owner.get("/tenants/acme/people/")
    assert (response.status_code, wrong_with(response)) == (403, [])


def test_static_files_may_be_kept_and_have_the_other_headers(db: None, client: Client) -> None:
    response: HttpResponseBase = client.get("/static/css/base.css")
    response.close()
    assert response.status_code == 200
    assert wrong_with(response) == ["it may be kept"]
    assert "public" in response["Cache-Control"]
    assert "max-age" in response["Cache-Control"]


def test_signing_out_clears_what_the_browser_has_kept(as_org_owner: Client) -> None:
    assert "Clear-Site-Data" not in as_org_owner.get("/account/logout/").headers
    assert as_org_owner.post("/account/logout/")["Clear-Site-Data"] == '"cache"'


@pytest.mark.parametrize("page", ["/operator/", "/operator/workspaces/tenant/", "/operator/nowhere/"])
def test_the_operator_s_pages_have_every_header(as_operator: Client, page: str) -> None:
    assert wrong_with(as_operator.get(page)) == []


def test_cookies_are_for_us_alone_and_for_no_script(cast: Cast, own_cache: None) -> None:
    client = Client()
    client.get("/account/login/")
    client.post("/account/login/", {"login": cast.org_owner.email, "password": factories.PASSWORD})
    client.post("/theme/", {"theme": "dark"})
    right = dict.fromkeys(("csrftoken", "sessionid", "theme"), ("/", True, "Lax", ""))
    assert {name: flags(cookie) for name, cookie in client.cookies.items()} == right


def flags(cookie: Morsel[str]) -> tuple[object, ...]:
    """Where it is sent, and whether scripts may read it."""
    return cookie["path"], bool(cookie["httponly"]), cookie["samesite"], cookie["domain"]
