"""All pages of the documentation, read once in each process: some twenty files, in a tenth of a second."""

from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath

from django.conf import settings

from handbook.contents import CONTENTS
from handbook.rendering import Page, render


@cache
def pages() -> Mapping[str, Page]:
    """Give the pages by name, in their order."""
    files = [path for _, paths in CONTENTS for path in paths]
    return {name: render(name, _read(path)) for path in files for name in [PurePosixPath(path).stem]}


@cache
def groups() -> tuple[tuple[str, tuple[Page, ...]], ...]:
    """Give the pages under the titles of the contents."""
    return tuple((title, tuple(pages()[PurePosixPath(path).stem] for path in paths)) for title, paths in CONTENTS)


def _read(path: str) -> str:
    return (settings.BASE_DIR / "docs" / path).read_text(encoding="utf-8")
