"""The documentation in the console: every page, every link and picture in it, its search, and where "?" leads."""

import re

import pytest
from django.conf import settings
from django.test import Client

from handbook import library
from handbook.contents import HELP_OF_FIELDS, HELP_OF_TITLES
from handbook.search import search

pytestmark = pytest.mark.neutral


def test_every_page_is_there_and_leads_only_to_what_is_there() -> None:
    pages = library.pages()
    sections = {f"{name}/{one.anchor}" for name, page in pages.items() for one in page.sections}
    led = {link for page in pages.values() for link in page.links}
    assert led - sections - set(pages) == set()
    assert {*HELP_OF_FIELDS.values(), *HELP_OF_TITLES.values()} - sections == set()
    assert [page.title for page in pages.values() if not page.lead] == []


def test_every_file_of_the_guide_and_every_picture_is_used() -> None:
    guide = {path.stem for path in (settings.BASE_DIR / "docs" / "guide").glob("*.md")}
    assert guide - set(library.pages()) == set()
    html = "".join(
        part for page in library.pages().values() for part in (page.intro, *(one.html for one in page.sections))
    )
    shown = set(re.findall(r"/docs/(\w+)[.\w]*\.webp", html))
    assert shown == {path.stem for path in (settings.BASE_DIR / "static" / "docs").glob("*.webp")}


@pytest.mark.django_db
def test_anybody_reads_it(client: Client) -> None:
    index = client.get("/docs/").content.decode()
    for name, page in library.pages().items():
        assert f'href="/docs/{name}/"' in index
        answer = client.get(f"/docs/{name}/")
        assert answer.status_code == 200
        assert f"<h1>{page.title}</h1>" in answer.content.decode()
    section = client.get("/docs/discovery/external-id/").content.decode()
    assert 'href="/docs/discovery/#external-id"' in section
    assert "Access Mode" not in section
    for nowhere in ("/docs/nothing/", "/docs/discovery/nothing/"):
        assert client.get(nowhere).status_code == 404


@pytest.mark.django_db
def test_it_is_searched_by_words(client: Client) -> None:
    first = search("deletion limit", limit=3)[0]
    assert (first.title, first.url) == ("Deletion Limit", "/docs/syncs/#deletion-limit")
    found = client.get("/docs/", {"q": "external rotate"}).content.decode()
    assert 'href="/docs/discovery/#external-id"' in found
    assert "<mark>" in found
    assert "No page has these words" in client.get("/docs/", {"q": "zebra <b>"}).content.decode()
    part = client.get("/docs/", {"q": "zebra"}, headers={"HX-Request": "true", "HX-Target": "docs-found"})
    assert "<html" not in part.content.decode()
