"""What is wrong in several accounts at once, said once: sentences that differ by the account's id alone are one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Func, TextField, Value
from django.db.models.functions import Concat, Replace

from connections.models import Connection, ConnectionState, Folder, Health
from connections.models.node import SHOWN
from integrations.models.access_test_values import Account, TriedAccount

_TEXT: Final[TextField[str, str]] = TextField()
_ANY_ACCOUNT: Final = "{account id}"
_MOST_ACCOUNTS: Final = 50  # named below one sentence
_MOST_SENTENCES: Final = 10


@dataclass(frozen=True, slots=True)
class Failure:
    """A sentence, of how many accounts it is true, and which these are, or the first of them."""

    sentence: str
    number: int
    accounts: tuple[Account, ...]

    @property
    def more(self) -> int:
        """Of how many accounts that are not named it is true too."""
        return self.number - len(self.accounts)

    @property
    def is_long(self) -> bool:
        return self.number > 5


def of_test(results: Iterable[TriedAccount]) -> list[Failure]:
    """Give what a test found wrong, in the order in which it was asked; of one account as it is."""
    groups: dict[str, list[TriedAccount]] = {}
    for result in results:
        if not result.is_green:
            groups.setdefault(result.sentence.replace(result.account_id, _ANY_ACCOUNT), []).append(result)
    return [
        Failure(
            common if len(group) > 1 else group[0].sentence,
            len(group),
            tuple(Account(one.account_id, one.name) for one in group),
        )
        for common, group in groups.items()
    ]


def shown(results: Iterable[TriedAccount] | None) -> dict[str, Any]:
    """Give what a page shows of the accounts that a test tried."""
    tried = list(results or ())
    return {"works": [one for one in tried if one.is_green], "failures": of_test(tried)}


def of_connections(top: Folder) -> list[Failure]:
    """Give what is wrong with the failing connections of a mirror, what most have first, in one statement."""
    failing = Connection.objects.filter(root=top, removed_at=None, state=ConnectionState.ACTIVE, health=Health.FAILING)
    account_id: Any = F("source_id")
    named = Concat("source_id", Value(" "), SHOWN, output_field=_TEXT)
    some: Any = Func(
        ArrayAgg(named, order_by=named), template=f"(%(expressions)s)[1:{_MOST_ACCOUNTS}]", output_field=_TEXT
    )
    groups = (
        failing.annotate(what=Replace("health_reason", account_id, Value(_ANY_ACCOUNT), output_field=_TEXT))
        .order_by()
        .values("what")
        .annotate(number=Count("id"), some=some)
        .order_by("-number", "what")
    )
    return [_failure(**group) for group in groups[:_MOST_SENTENCES]]


def shared(found: Iterable[Failure]) -> list[Failure]:
    """Leave out what is wrong with one account alone: where each is listed, that says it."""
    return [one for one in found if one.number > 1]


def _failure(what: str, number: int, some: list[str]) -> Failure:
    accounts = tuple(Account(*(text.split(" ", 1))) for text in some)
    sentence = what.replace(_ANY_ACCOUNT, accounts[0].id) if number == 1 else what
    return Failure(sentence, number, accounts)
