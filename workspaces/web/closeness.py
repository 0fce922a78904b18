"""How close names come to what somebody typed: the best results of a search stand first."""

from typing import Final

from django.db.models import Case, IntegerField, Q, Value, When

SAME: Final = 0
BEGINS: Final = 1
HAS: Final = 2


def closeness(text: str, *fields: str) -> Case:
    """Make the expression that ranks a row by the nearest of these fields."""

    def some(lookup: str) -> Q:
        found = Q()
        for field in fields:
            found |= Q(**{f"{field}__{lookup}": text})
        return found

    return Case(
        When(some("iexact"), then=Value(SAME)),
        When(some("istartswith"), then=Value(BEGINS)),
        default=Value(HAS),
        output_field=IntegerField(),
    )


def closeness_of(text: str, name: str) -> int:
    """Rank one name that has the text somewhere."""
    asked, own = text.lower(), name.lower()
    return SAME if own == asked else BEGINS if own.startswith(asked) else HAS
