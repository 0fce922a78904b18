"""Every recorded action has a sentence, and every sentence an action."""

import ast
import functools
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

import connections.audit_sentences
import integrations.audit_sentences
import workspaces.audit_sentences
from workspaces.audit.sentences import Change, EventSentence, describe, kinds
from workspaces.models import AuditEvent

RECORDS = ("audit.record", "audit.record_in_tenants_of")
APPS = {
    "workspaces": workspaces.audit_sentences.SENTENCES,
    "connections": connections.audit_sentences.SENTENCES,
    "integrations": integrations.audit_sentences.SENTENCES,
}
SENTENCES = {action: words for sentences in APPS.values() for action, words in sentences.items()}


@functools.cache
def recorded(app: str) -> tuple[tuple[str, str], ...]:
    """Each first argument of ``audit.record`` and its like in an app's code, as a pattern, and where it stands."""
    return tuple(
        (pattern_of(node.args[0]), f"{path.name}:{node.lineno}")
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(RECORDS)
    )


def pattern_of(argument: ast.expr) -> str:
    """What a literal or an f-string can become; anything else could hide an action from this test."""
    if isinstance(argument, ast.Constant):
        return re.escape(str(argument.value))
    assert isinstance(argument, ast.JoinedStr), f"name the action in place: {ast.unparse(argument)}"
    parts = (re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in argument.values)
    return "".join(parts)


def event(action: str, label: str = "awsi", **details: Any) -> AuditEvent:
    return AuditEvent(action=action, object_label=label, details=details)


@pytest.mark.parametrize("app", APPS)
def test_every_action_that_is_recorded_has_a_sentence_in_its_own_app(app: str) -> None:
    found = dict(recorded(app))
    assert len(found) > 5
    missing = {p: where for p, where in found.items() if not any(re.fullmatch(p, action) for action in APPS[app])}
    assert not missing


@pytest.mark.parametrize("app", APPS)
def test_every_sentence_belongs_to_an_action_that_its_app_records(app: str) -> None:
    patterns = [pattern for pattern, _ in recorded(app)]
    assert not [action for action in APPS[app] if not any(re.fullmatch(pattern, action) for pattern in patterns)]


def test_every_action_has_one_sentence_and_the_log_says_it() -> None:
    assert len(SENTENCES) == sum(map(len, APPS.values()))
    for action, words in SENTENCES.items():
        assert str(describe(event(action))) == words.replace("{object}", "awsi")


def test_every_sentence_begins_with_what_the_person_did() -> None:
    for action, words in SENTENCES.items():
        assert re.match(r"[a-z]+ ?", words), action
        assert not words.endswith("."), action


@pytest.mark.parametrize(
    ("action", "details", "sentence"),
    [
        ("integration.created", {}, "created the integration awsi"),
        ("member.added", {"role": "owner"}, "added awsi as owner"),
        (
            "member.role_changed",
            {"before": "owner", "after": "member"},
            "changed the role of awsi from owner to member",
        ),
        ("draft.created", {}, "began to set up an integration"),
        ("never.heard_of", {}, "never.heard_of awsi"),
    ],
)
def test_an_event_is_told_in_words(action: str, details: dict[str, Any], sentence: str) -> None:
    assert str(describe(event(action, **details))) == sentence


def test_what_the_sentence_says_is_not_said_again() -> None:
    assert describe(event("member.added", role="owner")).changes == []


def test_a_name_cannot_pretend_to_be_part_of_the_sentence() -> None:
    described = describe(event("member.added", label="{role} {object}", role="owner"))
    assert described == EventSentence("added ", "{role} {object}", " as owner", [])


def test_details_show_what_differs_before_and_after_and_then_the_facts() -> None:
    before = {"handle": "tnt", "name": "TNT", "regions": ["*"], "is_on": True}
    after = {"handle": "tnt", "name": "Dynamite", "regions": ["eu-west-1", "us-east-1"], "is_on": None}
    described = describe(event("organization.changed", before=before, after=after, shared_with=["acme/tnt"], empty=[]))
    assert described.changes == [
        Change("Name", "TNT", "Dynamite"),
        Change("Regions", "*", "eu-west-1, us-east-1"),
        Change("Is on", "yes", "–"),
        Change("Shared with", "", "acme/tnt"),
    ]


def test_every_kind_has_a_word_in_the_order_of_the_filter() -> None:
    assert [*kinds()][:1] + [*kinds()][-1:] == ["tenant", "aggregator"]
    assert [*kinds()].index("webhook") < [*kinds()].index("folder")
    assert all(word[0].isupper() for word in kinds().values())


def test_every_action_is_expected_by_some_other_test() -> None:
    """Which act records it is looked at where the act is; here, that none was forgotten."""
    tests = (path for path in (Path(settings.BASE_DIR) / "tests").rglob("test_*.py") if path != Path(__file__))
    texts = [path.read_text() for path in tests]
    # Only those are parsed that have one of them in quotes: to parse all tests takes seconds.
    quoted = re.compile(rf"""["']({"|".join(map(re.escape, SENTENCES))})["']""")
    trees = [ast.parse(text) for text in texts if quoted.search(text)]
    said = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert [action for action in SENTENCES if action not in said] == []
