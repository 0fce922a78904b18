"""A name that somebody gave keeps its direction to itself, wherever a template puts it."""

import re
from pathlib import Path

from django.conf import settings

# What templates call the things that have such names.
_NAMED = re.compile(
    r"\{\{ (?P<what>"
    r"[\w.]*\b(?:shown|page_name|created_by|started_by|decided_by|hook\.name|place\.name|organization\.name|person\.name)"
    r"|(?:row|node|folder|connection|parent|item|above|one)\.title|(?:[\w.]+\.)?user|person"
    r")(?P<filters>\|[^}]*)? \}\}"
)
_ALONE = ("{% block heading %}", '<h1 class="break">')  # nothing stands beside it
# What is only ever shown by Django's own pages of the operator.
_NOT_OURS = "admin/"


def bare_names(template: str) -> list[str]:
    """Give what of a template is not kept apart."""
    return [
        found[0]
        for found in _NAMED.finditer(template)
        if "isolated" not in (found["filters"] or "")
        and not re.search(r"<bdi\b[^>]*>$", template[: found.start()])
        and not template[: found.start()].endswith(_ALONE)
    ]


def test_every_name_in_a_template_is_kept_apart() -> None:
    root = Path(settings.BASE_DIR) / "templates"
    paths = {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*.html"))}
    assert sum(len(_NAMED.findall(text)) for text in paths.values()) > 40
    bare = [
        f"{path}: {name}" for path, text in paths.items() if not path.startswith(_NOT_OURS) for name in bare_names(text)
    ]
    assert bare == []


def test_a_bare_name_is_found() -> None:
    assert bare_names("<p>Delete {{ node.shown }}?</p>") == ["{{ node.shown }}"]
    assert (
        bare_names("<p><bdi>{{ node.shown }}</bdi> {{ member.user|isolated }}</p>{% block heading %}{{ row.title }}")
        == []
    )
