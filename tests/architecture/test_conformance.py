"""The list of what shows each sentence of the documentation names tests that exist."""

import ast
import re
from functools import cache

import pytest
from django.conf import settings

LIST = settings.BASE_DIR / "docs" / "conformance.md"
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", LIST.read_text(encoding="utf-8"))))
ROWS = re.findall(r"^\| (\d+) \|", LIST.read_text(encoding="utf-8"), flags=re.MULTILINE)
SENTENCES = 88  # of the documentation, its headings included


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((settings.BASE_DIR / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(("path", "test"), NAMED)
def test_a_named_test_exists(path: str, test: str) -> None:
    assert test in functions_of(path), f"{LIST.name} names {path}::{test}, which does not exist (any more)."


def test_every_sentence_is_in_the_list_once_in_order() -> None:
    assert [int(number) for number in ROWS] == list(range(1, SENTENCES + 1))


def test_every_sentence_names_what_shows_it() -> None:
    rows = [line for line in LIST.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+ \|", line)]
    unshown = [row for row in rows if "::" not in row and "heading" not in row]
    assert unshown == []
