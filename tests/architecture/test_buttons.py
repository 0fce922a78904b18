"""What each button sends, beside what it says: of a page with several of them none does what another one says."""

import re
from pathlib import Path

from django.conf import settings

# What a button says → what it sends as ``name=value``, or to which other address.
MEANS = {
    "Add the address": {"action_add"},
    "Add to schema": {"…/add/"},
    "Approve": {"do=approve"},
    "Cancel": {"do=discard"},
    "Change": {"do=start"},
    "Close": {"do=close"},
    "Dark": {"theme=dark"},
    "Discard": {"do=discard"},
    "Forget": {"do=forget"},
    "Light": {"theme=light"},
    "Next": {"do=next"},
    "Preview": {"do=start"},
    "Previous": {"do=previous"},
    "Read again": {"do=start", "do=again"},
    "Remove": {"action_remove"},
    "Remove from schema": {"…/remove/"},
    "Reset": {"reset"},
    "Reset to dynamic": {"do=reset"},
    "Rotate": {"do=rotate"},
    "Save": {"do=save"},
    "Save and Test Connection": {"do=test"},
    "Send the link": {"action_send"},
    "Show all accounts": {"do=look"},
    "Show its setup": {"do=keep"},
    "Show what is in": {"do=look"},
    "Sign in with it": {"action_primary"},
    "Sync Integration": {"sync_url"},
    "System": {"theme=system"},
    "Take from": {"do=end"},
    "Test Connection": {"do=test"},
    "Those before": {"do=look"},
    "More in": {"do=look"},
    "Use the dark theme": {"theme=dark"},
    "Use the light theme": {"theme=light"},
    "Withdraw the invitation of": {"…/withdraw/"},
}
_OPEN = {"integrations/account_tree/tick.html"}  # it says what it ticks, and sends the other state
_BUTTON = re.compile(r"<button\b((?:[^>{]|\{[{%].*?[%}]\})*)>(.*?)</button>", re.DOTALL)
_TAGS = re.compile(r"<[^>]*>|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def buttons() -> list[tuple[str, str, str]]:
    """All buttons that send something of their own: the template, what they say, what they send."""
    found = []
    root = Path(settings.BASE_DIR) / "templates"
    for path in sorted(root.rglob("*.html")):
        template = str(path.relative_to(root))
        for attributes, content in _BUTTON.findall(path.read_text()):
            sends = _sent(attributes)
            label = " ".join(_TAGS.sub("", _attribute(attributes, "aria-label") or content).split()).rstrip(" :")
            if sends and label and template not in _OPEN:  # else it says a name, or what the page around it says
                found.append((template, label, sends))
    return found


def _sent(attributes: str) -> str:
    name, value = _attribute(attributes, "name"), _attribute(attributes, "value")
    if name:
        plain = value.partition("{")[0].split()
        return f"{name}={plain[0]}" if plain else name
    action = re.sub(r"\{%.*?%\}", "", _attribute(attributes, "formaction"))
    last = re.search(r"(?<=/)[a-z]+/$|(?<=\{\{ )\w+(?= \}\}$)", action)
    return "" if last is None else f"…/{last[0]}" if last[0].endswith("/") else last[0]


def _attribute(attributes: str, name: str) -> str:
    found = re.search(rf'(?<![\w-]){name}="((?:\{{[{{%].*?[%}}]\}}|[^"])*)"', attributes, re.DOTALL)
    return found[1] if found else ""


def test_every_button_sends_what_it_says() -> None:
    found = buttons()
    assert len(found) > 30
    wrong = [f"{template}: {label!r} sends {sends!r}" for template, label, sends in found if sends not in meant(label)]
    assert wrong == []


def meant(label: str) -> set[str]:
    """What a button that says this is to send: what is said of the longest beginning of it."""
    known = [beginning for beginning in MEANS if label == beginning or label.startswith(f"{beginning} ")]
    return MEANS[max(known, key=len)] if known else set()


def test_every_meaning_is_that_of_some_button() -> None:
    said = [label for _, label, _ in buttons()]
    assert [known for known in MEANS if not any(label.startswith(known) for label in said)] == []
