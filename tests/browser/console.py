"""The console as a person uses it: by labels, buttons, links and headings, never by how a page is built."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from playwright.sync_api import Locator, Page, expect

from tests.browser.served import AXE
from tests.browser.watch import Watch

_WCAG_2_2_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_CONTRASTS = ["color-contrast", "link-in-text-block"]
# The boxes are as wide as they will be with what the server fills them with.
_OVERFLOW_OF_MENUS = """
    Object.fromEntries([...document.querySelectorAll("[data-switcher], details[data-menu]")].map(menu => {
        const panel = menu.open === undefined ? document.getElementById(menu.dataset.switcher) : menu;
        const named = menu.querySelector("summary") ?? menu;
        const name = named.ariaLabel ?? named.textContent.trim();
        const show = isOpen => { panel.open === undefined ? panel.hidden = !isOpen : panel.open = isOpen };
        show(true);
        const root = document.documentElement;
        const left = (panel.querySelector(".menu-panel") ?? panel).getBoundingClientRect().left;
        const beyond = Math.max(root.scrollWidth - root.clientWidth, Math.round(-left));
        show(false);
        return [name, beyond];
    }).filter(([, beyond]) => beyond > 0))
"""
_CLIPPED = """
    [...document.querySelectorAll(".button, .icon-button")].filter(button => {
        const { left, right, width } = button.getBoundingClientRect();
        for (let around = button.parentElement; width && around; around = around.parentElement) {
            const box = around.getBoundingClientRect();
            const cuts = getComputedStyle(around).overflowX === "hidden" && box.width > 1;
            if (cuts && (left < box.left - 1 || right > box.right + 1)) return true;
        }
        return false;
    }).map(button => `${location.pathname}: ${button.getAttribute("aria-label") || button.textContent.trim()}`)
"""

# A button with a word that is broken into letters, or one that lies over what stands before it.
_SQUEEZED = """
    [...document.querySelectorAll(".button, .icon-button")].filter(button => {
        const [text] = [...button.childNodes].filter(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
        for (const word of text?.data.matchAll(/\\S+/g) ?? []) {
            const range = document.createRange();
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            if (new Set([...range.getClientRects()].map(line => line.top)).size > 1) return true;
        }
        const { left, top, bottom } = button.getBoundingClientRect();
        return [...(button.previousElementSibling?.querySelectorAll("*") ?? [])].some(part => {
            const box = part.getBoundingClientRect();
            const isBeside = box.left < left && box.top < bottom && box.bottom > top;
            return isBeside && box.width > 1 && box.right > left + 1;
        });
    }).map(button => `${location.pathname}: ${button.getAttribute("aria-label") || button.textContent.trim()}`)
"""

# All of it at once: each question to a browser takes a way through three processes.
_MISFITS = f"""(() => {{
    const root = document.documentElement, beyond = root.scrollWidth - root.clientWidth;
    const menus = beyond > 0 ? {{}} : {_OVERFLOW_OF_MENUS.strip()};
    return {{ beyond, menus, clipped: {_CLIPPED.strip()}, squeezed: {_SQUEEZED.strip()} }};
}})()"""


class Misfits(TypedDict):
    """What has no room in a window, by its parts."""

    beyond: int  # pixels of the page beyond the right edge
    menus: dict[str, int]  # by how many pixels the page scrolls sideways while this menu is open, if all else fits
    clipped: list[str]  # buttons of which a part is cut off
    squeezed: list[str]  # buttons that have too little room


@dataclass
class Console:
    """One tab of somebody's browser."""

    page: Page
    address: str
    watch: Watch
    has_script: bool = True

    # Getting around

    def open(self, path: str) -> "Console":
        """Type an address."""
        self.page.goto(path if path.startswith("http") else self.address + path)
        return self

    def in_new_tab(self) -> "Console":
        """Open another tab of the same browser, which is signed in as well."""
        return Console(self.page.context.new_page(), self.address, self.watch, self.has_script)

    @property
    def path(self) -> str:
        """Where the tab is, without the address of the server."""
        return self.page.url.removeprefix(self.address)

    def sign_in(self, email: str, password: str) -> None:
        """Sign in through the form."""
        self.open("/")
        self.fill("Email address", email)
        self.fill("Password", password)
        self.press("Sign in")

    def sign_out(self) -> None:
        """Sign out through the menu under one's picture."""
        self.page.get_by_label("Your account").click()
        self.press("Sign out")

    def opened_switcher(self, word: str) -> Locator:
        """Click the double arrow of a switcher; give what it opens."""
        self.page.get_by_role("button" if self.has_script else "link", name=f"Switch {word}", exact=True).click()
        return (
            self.page.get_by_role("dialog", name=f"Switch {word}") if self.has_script else self.page.get_by_role("main")
        )

    def switch(self, word: str, handle: str) -> None:
        """Select a tenant, an organization or a workspace from its switcher."""
        self.opened_switcher(word).get_by_role("link", name=re.compile(rf"\b{handle}\b")).click()
        expect(self.page.get_by_role("navigation", name="Places")).to_contain_text(handle)

    def tab(self, name: str) -> None:
        """Click a tab."""
        self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).last.click()
        self.sees_heading()

    # Reading and acting

    def field(self, label: str) -> Locator:
        """Find a field by its label."""
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*(\(optional\)\s*)?$"))

    def fill(self, label: str, text: str) -> None:
        """Type into a field."""
        self.field(label).fill(text)

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def link(self, name: str) -> Locator:
        """Find a link."""
        return self.page.get_by_role("link", name=name, exact=True)

    def follow(self, name: str) -> None:
        """Click a link."""
        self.link(name).click()

    def download(self, name: str) -> tuple[str, str]:
        """Click a link to a file; give the file's name and its text."""
        with self.page.expect_download() as started:
            self.follow(name)
        return started.value.suggested_filename, Path(started.value.path()).read_text(encoding="utf-8")

    def text_to_copy(self, label: str) -> str:
        """Read a text of several lines that the page has for copying."""
        return self.page.get_by_role("region", name=label, exact=True).inner_text()

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Make sure that the page says this, soon."""
        expect(self.page.get_by_role("main")).to_contain_text(text)

    def sees_heading(self, text: str = "") -> None:
        """Make sure which page this is."""
        heading = self.page.get_by_role("heading", level=1)
        if text:
            expect(heading).to_have_text(text)
        else:
            expect(heading).to_be_visible()

    def complaint_at(self, label: str) -> str:
        """Give the sentence at a field, which is marked as wrong and has the focus."""
        self.page.wait_for_load_state()  # the script moves the focus once it is there: not while one types on
        field = self.field(label)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()
        ids = (field.get_attribute("aria-describedby") or "").split()
        return " ".join(self.page.locator(f"[id='{id_}']").inner_text().strip() for id_ in ids)

    # Whether everybody can use it

    def is_for_everybody(self, *, but: tuple[str, ...] = ()) -> None:
        """Make sure that axe finds nothing, apart from these rules."""
        problems = self.barriers(but=but)
        assert not problems, "\n".join(problems)

    def barriers(self, *, but: tuple[str, ...] = ()) -> list[str]:
        """List what axe finds against WCAG 2.2 AA in light, and against its contrasts in dark."""
        self.page.wait_for_load_state()  # before, there may be no head to put axe into
        if not self.page.evaluate("typeof window.axe === 'object'"):
            self.page.add_script_tag(url=AXE).evaluate("tag => tag.remove()")  # the page is as it was
        found = self._axe({"runOnly": _WCAG_2_2_AA, "rules": {rule: {"enabled": False} for rule in but}})
        self.page.emulate_media(color_scheme="dark")
        found += self._axe({"runOnly": {"type": "rule", "values": _CONTRASTS}})
        self.page.emulate_media(color_scheme="light")
        return found

    def _axe(self, options: dict[str, Any]) -> list[str]:
        run = "options => window.axe.run({...options, resultTypes: ['violations']}).then(found => found.violations)"
        return [
            f"{self.path}: {rule['id']}: {node['html'][:200]} — {node['failureSummary']}"
            for rule in self.page.evaluate(run, options)
            for node in rule["nodes"]
        ]

    def overflow(self) -> int:
        """Give how many pixels of the page lie beyond its right edge."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def clipped(self) -> list[str]:
        """List the buttons of which a part is cut off."""
        found: list[str] = self.page.evaluate(_CLIPPED)
        return found

    def misfits(self) -> Misfits:
        """Say what does not fit into the window as it is."""
        found: Misfits = self.page.evaluate(_MISFITS)
        return found
