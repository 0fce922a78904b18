"""What delegates of single integrations may open: the rules of pages and of routes."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from integrations.models import Integration
from workspaces.access import Access, Rule
from workspaces.delegation.verbs import Verb


def of_named(verb: Verb) -> Rule:
    """Make the rule for what is about one integration, which the URL names by its handle or id."""

    def rule(access: Access, arguments: Mapping[str, Any]) -> bool:
        return any(one.is_called(arguments["integration"]) for one in access.held_here.that_give(verb))

    return rule


def among(
    access: Access, found: "QuerySet[Integration]", verb: Verb = Verb.VIEW_INTEGRATION
) -> "QuerySet[Integration]":
    """Leave of integrations of the scope those to which this person may do this."""
    return found if access.can_own else found.filter(pk__in=access.held_here.that_give(verb).keys)
