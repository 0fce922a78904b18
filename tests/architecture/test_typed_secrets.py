"""What somebody types into a field for a secret stands in no report of a failure, and on no page again."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from tests import factories
from tests.architecture.everything import Everything, all_urls
from tests.conftest import Cast
from tests.pipes.monitoring.test_error_reports import TYPED, report_on
from tests.workspaces.sign_in.signing_in import prove, sign_in, turn_on_second_factor
from workspaces.sign_in import typed_secrets

OURS = "http://testserver"
PACKAGES = ("pipes", "workspaces", "connections", "integrations")
SECRET_NAMES = re.compile(r"pass(word|phrase)|secret|token|recovery|api_?key", re.IGNORECASE)
# Pages of the sign-in library, by how far one has come.
SIGNED_OUT = ("/account/login/", "/account/password/reset/key/1-set-password/")
SIGNED_IN = ("/account/reauthenticate/",)
PROVED = ("/account/password/change/", "/account/2fa/totp/activate/")
AFTER_PASSWORD = ("/account/2fa/authenticate/",)
WITH_SECOND_FACTOR = ("/account/2fa/reauthenticate/",)

Form = tuple[str, frozenset[str]]  # where it goes, and the names of its fields for secrets


def secret_fields() -> dict[str, set[str]]:
    """Give the names of fields for secrets in all forms, with the packages of these."""
    found: dict[str, set[str]] = {}
    for form in typed_secrets.all_forms():
        for name, field in form.base_fields.items():
            if typed_secrets.is_secret(field):
                found.setdefault(name, set()).add(form.__module__.partition(".")[0])
    return found


class Forms(HTMLParser):
    """Finds where a page's forms go, and what in them takes a secret, by how the page shows it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.found = page, list[tuple[str, set[str]]]()
        self.known = secret_fields()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a field of the last one."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action") or self.page, set()))
        if tag in ("input", "textarea") and given.get("type") not in ("hidden", "checkbox", "radio") and self.found:
            name = given.get("name", "")
            is_typed_unseen = given.get("type") == "password" or given.get("autocomplete") == "one-time-code"
            if is_typed_unseen or name in self.known or SECRET_NAMES.search(name):
                self.found[-1][1].add(name)


def forms_of(client: Client, page: str) -> Iterator[Form]:
    shown = client.get(page)
    if "text/html" in shown.get("Content-Type", ""):
        forms = Forms(page)
        forms.feed(shown.content.decode())
        yield from ((action, frozenset(names)) for action, names in forms.found if names)


def forms_of_console(cast: Cast) -> Iterator[Form]:
    """Look at each page once, at the outermost level that has it."""
    everything, owner, seen = Everything(cast), Client(), set[str]()
    owner.force_login(cast.tenant_owner)
    for (name, level), arguments in all_urls().items():
        if name not in seen and "inlet" not in arguments:
            seen.add(name)
            yield from forms_of(owner if level != "-" else Client(), everything.url(name, level, arguments))


def forms_of_library(cast: Cast) -> Iterator[Form]:
    client = Client()
    for page in SIGNED_OUT:
        yield from forms_of(client, page)
    sign_in(client, cast.org_owner)
    for page in SIGNED_IN:
        yield from forms_of(client, page)
    prove(client)
    for page in PROVED:
        yield from forms_of(client, page)
    turn_on_second_factor(client)
    for page in WITH_SECOND_FACTOR:
        yield from forms_of(client, page)
    client.post(reverse("account_logout"))
    sign_in(client, cast.org_owner)
    for page in AFTER_PASSWORD:
        yield from forms_of(client, page)


@pytest.fixture
def found(cast: Cast) -> set[Form]:
    """Every form that takes a secret."""
    return {*forms_of_console(cast), *forms_of_library(cast)}


@pytest.mark.sweep
def test_every_form_for_secrets_shows_none_again(found: set[Form]) -> None:
    """Whatever its fields are called: a form that is new here must fail in no other way than by being found."""
    wrong = []
    for action, names in found:
        typed = dict.fromkeys(names, TYPED) | {"typed": "kept", "csrfmiddlewaretoken": "x" * 64}
        answer = Client(enforce_csrf_checks=True).post(action, typed, headers={"Origin": OURS})
        page = answer.content.decode()
        asked_again = set(re.findall(r'<input type="password"[^>]* name="(\w+)"', page))
        if answer.status_code != 403 or TYPED in page or asked_again != names or ">\nkept<" not in page:
            wrong.append((urlsplit(action).path, names - asked_again))
        if TYPED in report_on(answer.wsgi_request):
            wrong.append((urlsplit(action).path, names))
    assert wrong == []
    met = {name for _, names in found for name in names}
    ours = {name for name, packages in secret_fields().items() if not packages.isdisjoint(PACKAGES)}
    assert ours | {"password", "oldpassword", "password1", "password2", "code", "secret_key", "url"} == met


def test_the_word_of_the_likeliest_form_is_taken() -> None:
    def labels(*names: str) -> dict[str, str]:
        posted = RequestFactory().post("/", dict.fromkeys(names, factories.PASSWORD)).POST
        return typed_secrets.labels_in(posted)

    assert labels("handle", "name", "password") == {"password": "Password"}
    changed = labels("oldpassword", "password1", "password2")
    assert list(changed) == ["oldpassword", "password1", "password2"]
    assert changed["oldpassword"] == "Current Password"
    assert labels("name", "url", "topics") == {"url": "URL"}
    assert labels("name", "email") == {}
