"""What the documents name is there: a map that leads nowhere is worse than none."""

import re
from pathlib import Path

import pytest

from launcher.places import ROOT

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/security.md", "docs/operations.md")
# Where a path of the documents may begin: tables about one app leave out its name.
BEGINNINGS = (
    "",
    "tests",
    "integrations",
    "integrations/wizard",
    "integrations/aws",
    "integrations/views",
    "integrations/notifications",
    "connections",
    "workspaces",
)
_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]*)(?:::\w+)?`")


def paths_in(document: str) -> list[str]:
    """Find what a document names as a path in this repository: with a slash, and in code type."""
    return _PATH.findall((ROOT / document).read_text())


def is_there(path: str) -> bool:
    """Tell whether a file or a folder is at one of the beginnings; a module may be named without its ending."""
    found = (ROOT / beginning / path for beginning in BEGINNINGS)
    return any(each.exists() or each.with_suffix(".py").exists() for each in found)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_names_exists(document: str) -> None:
    assert [path for path in paths_in(document) if not is_there(path)] == []


def test_the_index_of_changes_leads_to_files() -> None:
    index = Path(ROOT / "docs/architecture.md").read_text().partition("## Where to change what")[2]
    rows = [row for row in index.splitlines() if row.startswith("| ") and "begin in" not in row]
    assert len(rows) >= 20
    assert [row for row in rows if not re.search(r"\.(py|html)`|/`|`audit_sentences", row)] == []
