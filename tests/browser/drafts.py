"""Wizards that were walked to some step already."""

from typing import Any

from integrations.models import Draft, Integration
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

STEPS = ("type", "handle", "discovery", "connection", "permissions")
ROLE_ARN = "arn:aws:iam::123456789012:role/pipes-discovery"


def draft_at(step: str, people: Cast, **fields: Any) -> Draft:
    """Make a draft of acme/tnt whose steps before this one are done."""
    done = {"handle": "awsi", "role_arn": ROLE_ARN, "role_name": "pipes-connection"}
    with isolation.as_tenant(people.acme.pk):
        return factories.draft(
            people.at_org, by=people.org_owner, **(done | {"steps_done": STEPS.index(step)} | fields)
        )


def url_of(draft: Draft, step: str) -> str:
    """Give the path of one of its steps."""
    return draft.scope.url("integration_draft", draft=draft.uid, step=step)


def draft_before(step: str, people: Cast, **fields: Any) -> str:
    """Make a draft and give the path of the step that comes next."""
    return url_of(draft_at(step, people, **fields), step)


def integrations(people: Cast) -> list[str]:
    """The handles of all integrations of acme."""
    with isolation.as_tenant(people.acme.pk):
        return sorted(Integration.objects.values_list("handle", flat=True))


def drafts(people: Cast) -> int:
    """How many drafts acme has."""
    with isolation.as_tenant(people.acme.pk):
        return Draft.objects.count()
