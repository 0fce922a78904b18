"""Where the browser is."""

import os
import shutil


def find_chromium() -> str | None:
    """Find Chromium: PIPES_CHROMIUM, else the first one on the path."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return os.environ.get("PIPES_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
