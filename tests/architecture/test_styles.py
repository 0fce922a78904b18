"""A class has its looks in one stylesheet: two on one page would undo each other."""

import re
from collections import defaultdict

from django.conf import settings

STYLESHEETS = sorted((settings.BASE_DIR / "static" / "css").glob("*.css"))
_RULE = re.compile(r"^([^\s{}@/*][^{}@]*?)\s*\{", re.MULTILINE)
_CLASS = re.compile(r"\.[\w-]+")


def test_a_class_has_its_looks_in_one_stylesheet() -> None:
    homes = defaultdict(set)
    for path in STYLESHEETS:
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for selectors in _RULE.findall(text):
            for selector in map(str.strip, selectors.split(",")):
                if _CLASS.fullmatch(selector):
                    homes[selector].add(path.name)
    assert homes[".button"], "No class is found in any stylesheet."
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}
