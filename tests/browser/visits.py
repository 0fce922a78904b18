"""Browsers that people open in tests, one after the other, as if each were a new one."""

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.browser.served import EMPTY
from tests.browser.watch import Watch

DESK = ViewportSize(width=1280, height=860)
_PLAIN = {"viewport": DESK, "reduced_motion": "reduce"}
_FORGET = "localStorage.clear(), sessionStorage.clear()"


@dataclass
class Opened:
    """One browser of a test: a context, the tab in it that comes first, and what it complains about."""

    page: Page
    watch: Watch
    key: Hashable = None  # of those that another test may have next

    @property
    def context(self) -> BrowserContext:
        """The cookies and all tabs."""
        return self.page.context


@dataclass
class Browsers:
    """Opens contexts, and keeps those that a test has done with for a later one.

    A new context costs two processes of Chromium's, and each file of a page is fetched, read and compiled anew in it:
    its first page takes three times as long as each after that.
    """

    chromium: Browser
    address: str
    _kept: dict[Hashable, list[Page]] = field(default_factory=lambda: defaultdict(list))

    def open(self, *, anew: bool = False, **options: Any) -> Opened:
        """Give one with nothing stored and nothing open; ``options`` are those of Playwright's contexts."""
        key = frozenset(options.items())
        if not anew and self._kept[key]:
            page = self._kept[key].pop()
        else:
            context = self.chromium.new_context(**(_PLAIN | options))
            context.set_default_timeout(15_000)
            page = context.new_page()
        return Opened(page, Watch(page.context), None if anew else key)

    def keep(self, opened: Opened) -> None:
        """Make it as new for the next one who opens one with the same options."""
        page, context = opened.page, opened.context
        if opened.key is None or page.is_closed():
            context.close()
            return
        for other in context.pages:
            if other is not page:
                other.close()
        page.unroute_all()
        page.goto(self.address + EMPTY)
        page.evaluate(_FORGET)
        context.clear_cookies()
        page.mouse.move(-1, -1)
        if page.viewport_size != DESK:
            page.set_viewport_size(DESK)
        self._kept[opened.key].append(page)
