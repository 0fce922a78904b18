"""Search of the documentation: the sections that have all the words, those first that have them in their titles."""

from collections.abc import Iterator
from dataclasses import dataclass

from handbook.library import pages
from handbook.rendering import Page

_AROUND = 90  # characters that are shown on each side of a word that was found
_IN_TITLE, _IN_PAGE_TITLE, _IN_TEXT = range(3)


@dataclass(frozen=True, slots=True)
class Hit:
    """A section, or a page's beginning, with what surrounds the first word that was found in it."""

    page: Page
    title: str
    url: str
    before: str
    found: str
    after: str
    rank: int


def search(text: str, *, limit: int) -> list[Hit]:
    """Find sections by words, each anywhere in a word of theirs; nothing for no words."""
    words = text.lower().split()
    hits = [hit for page in pages().values() for hit in _hits(page, words)] if words else []
    return sorted(hits, key=lambda hit: hit.rank)[:limit]


def _hits(page: Page, words: list[str]) -> Iterator[Hit]:
    places = [("", page.title, page.lead), *((one.anchor, one.title, one.text) for one in page.sections)]
    for anchor, title, text in places:
        titles = f"{title} {page.title}".lower()
        if all(word in f"{titles} {text.lower()}" for word in words):
            ranks = ((_IN_TITLE, title.lower()), (_IN_PAGE_TITLE, titles))
            rank = next((rank for rank, where in ranks if all(word in where for word in words)), _IN_TEXT)
            url = f"{page.url}#{anchor}" if anchor else page.url
            yield Hit(page, title, url, *_excerpt(text, words), rank)


def _excerpt(text: str, words: list[str]) -> tuple[str, str, str]:
    """Cut out what surrounds the first of the words; the beginning, where none stands in the text."""
    at, length = min(((text.lower().find(word), len(word)) for word in words if word in text.lower()), default=(0, 0))
    start, end = max(0, at - _AROUND), at + length + _AROUND
    start = text.rfind(" ", 0, start) + 1 if start else 0
    return ("… " if start else "") + text[start:at], text[at : at + length], text[at + length : end].rsplit(" ", 1)[0]
