"""``where``: conditions on the columns of a list, written as in SQL, which become filters of a query and never SQL.

A column is there because its list names it. What can be written is in the grammar below; texts stand in single quotes,
and a quote in one is written twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import reduce
from operator import and_, or_
from typing import Any, Final, TypeVar

from django.db.models import CharField, F, Lookup, Model, Q, QuerySet, TextField
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone
from lark import Lark, Token, v_args
from lark.exceptions import LarkError, VisitError
from lark.visitors import Transformer_NonRecursive

from workspaces.api.problems import ProblemError, invalid

_MOST_NESTED: Final = 20
_MOST_CONDITIONS: Final = 30
_GRAMMAR: Final = r"""
?start: either
?either: both ("or"i both)*            -> either
?both: one ("and"i one)*               -> both
?one: "not"i one                       -> negated
    | "(" either ")"                   -> nested
    | column COMPARED value            -> compared
    | column LIKE TEXT                 -> like
    | column NOT_LIKE TEXT             -> not_like
    | column "in"i "(" value ("," value)* ")"         -> among
    | column "not"i "in"i "(" value ("," value)* ")"  -> not_among
    | column "is"i "null"i             -> is_null
    | column "is"i "not"i "null"i      -> is_not_null
column: NAME | NAME "->>" TEXT
?value: TEXT                           -> text
    | NUMBER                           -> number
    | "true"i                          -> true
    | "false"i                         -> false
    | "now"i "(" ")"                   -> now
    | "now"i "(" ")" "-" "interval"i TEXT -> ago
COMPARED: "<=" | ">=" | "<>" | "!=" | "=" | "<" | ">"
LIKE.2: /i?like\b/i
NOT_LIKE.2: /not\s+i?like\b/i
NAME: /[a-z_][a-z0-9_]*/i
TEXT: /'(?:[^']|'')*'/
NUMBER: /-?[0-9]{1,9}/
%ignore /\s+/
"""
_LOOKUPS: Final = {"=": "", "<": "__lt", "<=": "__lte", ">": "__gt", ">=": "__gte"}
_UNITS: Final = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "week": 604800,
    "month": 2592000,
    "year": 31536000,
}

Row = TypeVar("Row", bound=Model)


class Kind(Enum):
    """What is in a column."""

    TEXT = "a text in single quotes"
    TIME = "a time, as '2026-11-30T12:00:00Z', or now() - interval '2 days'"
    NUMBER = "a whole number"
    MAP = "a text in single quotes, of one key: column ->> 'key'"


@dataclass(frozen=True, slots=True)
class Column:
    """Where the values of a column come from: the path of a field, or an expression."""

    source: str | Combinable
    kind: Kind = Kind.TEXT


Columns = Mapping[str, Column]


@CharField.register_lookup
@TextField.register_lookup
class Like(Lookup[Any]):
    """SQL's LIKE, whose pattern the caller writes."""

    lookup_name, word = "like", "LIKE"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} {self.word} {right}", (*left_values, *right_values)


@CharField.register_lookup
@TextField.register_lookup
class ILike(Like):
    """LIKE whatever the case of letters."""

    lookup_name, word = "ilike", "ILIKE"


def filtered(rows: QuerySet[Row], where: str, columns: Columns) -> QuerySet[Row]:
    """Keep the rows for which the condition is true; an empty one is none. Raises ProblemError."""
    if not where.strip():
        return rows
    reader = _Reader(columns)
    try:
        tree = _PARSER.parse(where)
        condition = reader.transform(tree).condition
    except VisitError as error:
        if isinstance(error.orig_exc, ProblemError):
            raise error.orig_exc from None
        raise
    except LarkError as error:
        column = getattr(error, "column", 0)
        raise invalid("where", f"The condition cannot be read from character {max(column, 1)} on.") from None
    kept: QuerySet[Row] = rows.alias(**reader.used).filter(condition)
    return kept


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of a condition, and how deep it is."""

    condition: Q
    depth: int = 0


@v_args(inline=True)
class _Reader(Transformer_NonRecursive[Token, _Part]):
    """Makes filters of a condition, from the inside out; it does not recurse, however deep what is sent may be."""

    def __init__(self, columns: Columns) -> None:
        super().__init__()
        self._columns = columns
        self._number = 0
        self.used: dict[str, Any] = {}

    def column(self, name: Token, key: Token | None = None) -> tuple[str, Kind]:
        self._number += 1
        if self._number > _MOST_CONDITIONS:
            raise invalid("where", f"A condition can have {_MOST_CONDITIONS} parts at most.")
        found = self._columns.get(name.lower())
        if found is None:
            raise invalid("where", f"There is no column {name}. There are: {', '.join(sorted(self._columns))}.")
        if (found.kind is Kind.MAP) != (key is not None):
            raise invalid("where", f"{name} is compared with {found.kind.value}.")
        source = F(found.source) if isinstance(found.source, str) else found.source
        alias = f"where_{name.lower()}"
        if key is not None:
            alias += f"_{self._number}"
            source = KeyTextTransform(_unquoted(key), source)
        self.used[alias] = source
        return alias, Kind.TEXT if key is not None else found.kind

    def text(self, value: Token) -> str:
        return _unquoted(value)

    def number(self, value: Token) -> int:
        return int(value)

    def true(self) -> bool:
        return True

    def false(self) -> bool:
        return False

    def now(self) -> datetime:
        return timezone.now()

    def ago(self, interval: Token) -> datetime:
        amount, _, unit = _unquoted(interval).strip().partition(" ")
        seconds = _UNITS.get(unit.strip().rstrip("s").lower())
        if not (amount.isascii() and amount.isdecimal()) or seconds is None or len(amount) > 6:
            raise invalid("where", f"An interval is written as '2 days'; {interval} is none.")
        try:
            return timezone.now() - timedelta(seconds=int(amount) * seconds)
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)

    def compared(self, column: tuple[str, Kind], how: Token, value: Any) -> _Part:
        alias, kind = column
        wanted = _fitting(alias, kind, value)
        if how in ("!=", "<>"):  # as in SQL: nothing is true of what is null
            return _Part(~Q(**{alias: wanted}) & Q(**{f"{alias}__isnull": False}))
        return _Part(Q(**{f"{alias}{_LOOKUPS[how]}": wanted}))

    def like(self, column: tuple[str, Kind], word: Token, pattern: Token) -> _Part:
        alias, kind = column
        if kind is not Kind.TEXT:
            raise invalid("where", f"{alias.removeprefix('where_')} holds no text: like cannot be asked of it.")
        text = _unquoted(pattern)
        if (len(text) - len(text.rstrip("\\"))) % 2:
            raise invalid("where", "A pattern of like cannot end with a single backslash.")
        lookup = "ilike" if "ilike" in word.lower() else "like"
        return _Part(Q(**{f"{alias}__{lookup}": text}))

    def not_like(self, column: tuple[str, Kind], word: Token, pattern: Token) -> _Part:
        return _Part(~self.like(column, word, pattern).condition & Q(**{f"{column[0]}__isnull": False}))

    def among(self, column: tuple[str, Kind], *values: Any) -> _Part:
        return _Part(Q(**{f"{column[0]}__in": [_fitting(*column, value) for value in values]}))

    def not_among(self, column: tuple[str, Kind], *values: Any) -> _Part:
        return _Part(~self.among(column, *values).condition & Q(**{f"{column[0]}__isnull": False}))

    def is_null(self, column: tuple[str, Kind]) -> _Part:
        return _Part(Q(**{f"{column[0]}__isnull": True}))

    def is_not_null(self, column: tuple[str, Kind]) -> _Part:
        return _Part(Q(**{f"{column[0]}__isnull": False}))

    def nested(self, part: _Part) -> _Part:
        return _deeper(part.condition, part)

    def negated(self, part: _Part) -> _Part:
        return _deeper(~part.condition, part)

    def both(self, *parts: _Part) -> _Part:
        return _Part(reduce(and_, (part.condition for part in parts)), max(part.depth for part in parts))

    def either(self, *parts: _Part) -> _Part:
        return _Part(reduce(or_, (part.condition for part in parts)), max(part.depth for part in parts))


def _deeper(condition: Q, part: _Part) -> _Part:
    if part.depth == _MOST_NESTED:
        raise invalid("where", f"A condition can be nested {_MOST_NESTED} times at most.")
    return _Part(condition, part.depth + 1)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _fitting(alias: str, kind: Kind, value: Any) -> Any:
    """Give a value as its column has it. Raises ProblemError for one that can never be equal to it."""
    name = alias.removeprefix("where_")
    if kind is Kind.TEXT and isinstance(value, str):
        return value
    if kind is Kind.NUMBER and type(value) is int:
        return value
    if kind is Kind.TIME and isinstance(value, datetime):
        return value
    if kind is Kind.TIME and isinstance(value, str):
        try:
            at = datetime.fromisoformat(value.strip())
        except ValueError:
            raise invalid("where", f"'{value}' is no time. {name} is compared with {kind.value}.") from None
        try:
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        except OverflowError:
            raise invalid("where", f"'{value}' is before or after all times.") from None
    raise invalid("where", f"{name} is compared with {kind.value}.")


_PARSER: Final = Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)
