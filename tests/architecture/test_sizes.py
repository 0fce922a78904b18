"""How large things may become: what does not fit into a head, or onto a screen, is cut where a noun ends."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.places import ROOT

MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 40
MOST_LINES_OF_A_TEMPLATE = 120
MOST_MODULES_OF_A_FOLDER = 12
PRODUCT = ("pipes", "integrations", "connections", "handbook", "workspaces", "launcher")


def modules() -> Iterator[Path]:
    """Every module of the product but migrations, which stay as they were when they were run."""
    for name in PRODUCT:
        yield from (path for path in sorted((ROOT / name).rglob("*.py")) if "migrations" not in path.parts)


def lines(path: Path) -> int:
    """Count the lines of a file."""
    return len(path.read_text().splitlines())


def test_files_are_short() -> None:
    assert [(str(path), lines(path)) for path in modules() if lines(path) > MOST_LINES_OF_A_FILE] == []


def test_functions_are_short() -> None:
    found = [
        (f"{path}:{node.lineno}", node.name)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_LINES_OF_A_FUNCTION
    ]
    assert found == []


def test_templates_are_short() -> None:
    paths = sorted((ROOT / "templates").rglob("*.html"))
    assert paths
    assert [(str(path), lines(path)) for path in paths if lines(path) > MOST_LINES_OF_A_TEMPLATE] == []


def test_folders_hold_a_dozen_modules_at_most() -> None:
    count = Counter(path.parent for path in modules() if path.name != "__init__.py")
    assert {str(folder): number for folder, number in count.items() if number > MOST_MODULES_OF_A_FOLDER} == {}


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in modules()}), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_folder_says_what_belongs_there(folder: Path) -> None:
    if "management" in folder.parts:  # Django's own name and place
        return
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
