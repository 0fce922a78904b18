"""Whatever takes a password, a code or a key says so, so that no report of a failure shows it."""

import re
from html.parser import HTMLParser

from django.test import Client

from tests import factories
from tests.conftest import Cast

# Pages of the sign-in library; the first three are of somebody who is not signed in.
OF_LIBRARY = (
    "/account/login/",
    "/account/password/reset/key/1-set-password/",
    "/account/password/change/",
    "/account/password/set/",
    "/account/reauthenticate/",
)
SECRET_NAMES = re.compile(r"password|secret|oldpassword|recovery", re.IGNORECASE)


class Forms(HTMLParser):
    """Finds where a page's forms go, and the names of what is typed unseen into them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, set[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a field of the last one."""
        given = dict(attrs)
        if tag == "form":
            self.found.append((given.get("action") or "", set()))
        is_secret = given.get("type") == "password" or SECRET_NAMES.search(given.get("name") or "")
        if tag == "input" and is_secret and given.get("type") != "hidden" and self.found:
            self.found[-1][1].add(given.get("name") or "")


def unmarked(client: Client, page: str) -> list[str]:
    """Post each of a page's forms that takes a secret, and give what was not marked as one."""
    forms = Forms()
    forms.feed(client.get(page).content.decode(errors="replace"))
    missing = []
    for action, names in forms.found:
        if names:
            asked = client.post(action or page, dict.fromkeys(names, "typed")).wsgi_request
            marked = getattr(asked, "sensitive_post_parameters", ())
            missing += [f"{page}: {name}" for name in names if marked != "__ALL__" and name not in marked]
    return missing


def test_whatever_is_posted_is_kept_out_of_reports(client: Client, db: None) -> None:
    asked = client.post("/theme/", {"theme": "dark"}).wsgi_request
    assert vars(asked)["sensitive_post_parameters"] == "__ALL__"


def test_every_form_of_the_sign_in_library_does(cast: Cast, own_cache: None) -> None:
    client = Client()
    assert [each for page in OF_LIBRARY[:2] for each in unmarked(client, page)] == []
    client.post("/account/login/", {"login": cast.org_owner.email, "password": factories.PASSWORD})
    assert [each for page in OF_LIBRARY[2:] for each in unmarked(client, page)] == []
