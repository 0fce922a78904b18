"""The pictures of the documentation, of the demo's data: small, all of one size, in light."""

import base64
import sys
from pathlib import Path

from tests.browser.console import Console

SIZE = {"width": 1120, "height": 700}
_OPS = "/tenants/acme/orgs/ops/"
_RESEARCH = f"{_OPS}integrations/research/"


def take(owner: Console, folder: Path) -> None:
    """Take them as an owner who is signed in to the demo."""
    folder.mkdir(exist_ok=True)
    owner.page.set_viewport_size({"width": SIZE["width"], "height": SIZE["height"]})
    for name, path, links in (
        ("tree", _RESEARCH, ()),
        ("picture", f"{_RESEARCH}picture/", ()),
        ("process", f"{_RESEARCH}processes/", ("Sync 4",)),
        ("permissions", f"{_OPS}connections/", ("Root", "Settings", "Permissions")),
        ("workspace", f"{_OPS}workspaces/pager/connections/", ()),
        ("discovery", "/tenants/acme/orgs/tnt/integrations/", ("Continue", "Discovery settings")),
        ("connection", "/tenants/acme/orgs/tnt/integrations/", ("Continue", "Connection settings")),
    ):
        owner.open(path)
        for link in links:
            owner.link(link).first.click()
            owner.page.wait_for_load_state("networkidle")
        _take(owner, folder / f"{name}.webp")


def _take(owner: Console, path: Path) -> None:
    owner.page.mouse.move(0, 0)
    session = owner.page.context.new_cdp_session(owner.page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 60})
    path.write_bytes(base64.b64decode(taken["data"]))
    sys.stdout.write(f"{path}: {path.stat().st_size / 1000:.0f} kB\n")
