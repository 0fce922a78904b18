"""Kinds of tests that take long, marked by what they use so that `./console test --fast` can leave them out."""

import functools
import subprocess
import sys
from types import ModuleType

import pytest
from hypothesis import is_hypothesis_test, stateful

_PAGES = frozenset({"client", "in_org", "in_tenant"})  # fixtures that open pages, beside those that sign somebody in


def mark(item: pytest.Item) -> None:
    """Mark a test that starts programs, asks pages or AWS, or searches cases that hypothesis makes up."""
    if not isinstance(item, pytest.Function):
        return
    used = _used_by(item.module)
    if any(module is subprocess or getattr(module, "STARTS_PROGRAMS", False) for module in used):
        item.add_marker(pytest.mark.programs)
    if stateful in used or is_hypothesis_test(item.obj):
        item.add_marker(pytest.mark.search)
    if any(name in _PAGES or name.startswith("as_") for name in item.fixturenames):
        item.add_marker(pytest.mark.pages)
    if "aws" in item.fixturenames:
        item.add_marker(pytest.mark.aws)


@functools.cache
def _used_by(module: ModuleType) -> list[ModuleType]:
    """Give the modules that a module has imported, and those from which it has imported something."""
    found = {value.__name__ if isinstance(value, ModuleType) else _home(value) for value in vars(module).values()}
    return [sys.modules[name] for name in found if name in sys.modules]


def _home(value: object) -> str:
    return str(getattr(value, "__module__", ""))
