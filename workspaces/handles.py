"""Handles: what they may look like, and how one is made from a name.

Two patterns, from the product's words: places (tenants, organizations, workspaces), people and integrations may have
dashes; folders and connections become schema names and may not.
"""

import functools
import json
import operator
import re
import unicodedata
from collections.abc import Callable, Collection
from typing import Any, Final

from anyascii import anyascii
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

PLACE_MAX_LENGTH = 39
NODE_MAX_LENGTH = 63

# Words that are (or may become) a part of a URL where a handle of a place could stand.
RESERVED = frozenset(
    "about account accounts activity admin advanced aggregators api audit config connections healthz integrations "  # noqa: SIM905
    "invitations invite new operator orgs people permissions processes profile public readyz settings static tenants "
    "theme workspaces".split()
)

# What the API shows instead of keys: wherever a program may name a thing by either, such a text is an id and no handle.
_ID: Final = re.compile(r"[a-z]+_[0-9a-f]{20}")

PUBLIC = "public"
ALL_AWS = "all_aws"
RESERVED_SCHEMAS = (PUBLIC, ALL_AWS)  # schemas that a workspace has by itself

# PostgreSQL lets nobody make a schema whose name begins so, and Steampipe no connection.
_SYSTEM_PREFIXES = {"pg_": "PostgreSQL", "steampipe_": "Steampipe"}
_SYSTEM_SCHEMA = "information_schema"
_SYSTEM_OWNED: Final = (*_SYSTEM_PREFIXES, _SYSTEM_SCHEMA)


def is_an_id(text: str) -> bool:
    """Whether a text is written as the ids of ``PublicIdField``."""
    return _ID.fullmatch(text) is not None


def why_like_an_id(handle: str) -> str:
    """Say why nothing can be called so that programs would take for an id; empty when it can."""
    return f"{handle} looks like an id. Choose another handle." if is_an_id(handle) else ""


def begins(prefix: str) -> models.Q:
    """Make the condition that a handle begins so; as a range, because under row-level security no index serves LIKE."""
    return models.Q(handle__gte=prefix, handle__lt=prefix[:-1] + chr(ord(prefix[-1]) + 1))


IS_SYSTEM_OWNED = functools.reduce(operator.or_, map(begins, _SYSTEM_PREFIXES), models.Q(handle=_SYSTEM_SCHEMA))
# Words of SQL that mean a schema only in double quotes: those that PostgreSQL calls reserved, of any version.
_SQL_WORDS = frozenset(
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation "  # noqa: SIM905
    "column concurrently constraint create cross current_catalog current_date current_role current_schema current_time "
    "current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze "
    "from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like "
    "limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary "
    "references returning right select session_user similar some symmetric system_user table tablesample then to "
    "trailing true union unique user using variadic verbose when where window with".split()
)

_NOT_SLUG = re.compile(r"[^a-z0-9]+")


class HandleValidator(RegexValidator):
    """Refuses what no handle looks like; the error has one that is like it as its ``suggestion``, if there is one."""

    def __init__(self, regex: str, message: str, suggest: Callable[[str], str]) -> None:
        super().__init__(regex, message)
        self.suggest = suggest

    def __call__(self, value: Any) -> None:
        try:
            super().__call__(value)
        except ValidationError as error:
            raise refused(error.messages[0], self.suggest(str(value))) from None


TAKEN: Final = "taken"  # the code of the error of a handle that somebody else has


def refused(sentence: str, suggestion: str = "", *, code: str | None = None) -> ValidationError:
    """Make the error of a handle that cannot be used, with one that can; pages offer it."""
    return ValidationError(sentence.replace("%", "%%"), code=code, params={"suggestion": suggestion})


def place_handle_like(name: str) -> str:
    """Make a handle of a place of what somebody typed; empty when nothing in it will do."""
    made = slug(name).replace("_", "-").lstrip("0123456789-")[:PLACE_MAX_LENGTH].rstrip("-")
    return "" if made in RESERVED else made


def node_handle_like(name: str) -> str:
    """Make a handle of a folder or connection of what somebody typed; empty when nothing in it will do."""
    made = fit(slug(name).lstrip("0123456789_"))
    return "" if why_system_owned(made) else made


def next_free(handle: str, is_taken: Callable[[str], bool], *, separator: str, longest: int) -> str:
    """Give the next handle with a number that nobody has; empty when several in a row are taken."""
    counted = re.fullmatch(rf"(.+){separator}(\d{{1,3}})", handle)
    stem, number = (counted[1], int(counted[2])) if counted else (handle, 1)
    for suffix in (f"{separator}{number + more}" for more in range(1, 6)):
        wish = stem[: longest - len(suffix)].rstrip(separator) + suffix
        if not is_taken(wish):
            return wish
    return ""


validate_place_handle = HandleValidator(
    rf"^[a-z][a-z0-9-]{{0,{PLACE_MAX_LENGTH - 1}}}\Z",
    "Start with a lower-case letter, then use lower-case letters, digits and dashes,"
    f" {PLACE_MAX_LENGTH} characters at most.",
    place_handle_like,
)
# Programs of Pipes write them with underscores.
validate_integration_handle = HandleValidator(
    rf"^[a-z][a-z0-9_-]{{0,{PLACE_MAX_LENGTH - 1}}}\Z",
    "Start with a lower-case letter, then use lower-case letters, digits, dashes and underscores,"
    f" {PLACE_MAX_LENGTH} characters at most.",
    place_handle_like,
)
validate_node_handle = HandleValidator(
    rf"^[a-z][a-z0-9_]{{0,{NODE_MAX_LENGTH - 1}}}\Z",
    "Start with a lower-case letter, then use lower-case letters, digits and underscores,"
    f" {NODE_MAX_LENGTH} characters at most.",
    node_handle_like,
)


def validate_not_reserved(handle: str) -> None:
    if handle in RESERVED:
        raise ValidationError(f"“{handle}” is reserved for a page of the console. Choose another handle.")


class PlaceHandleField(models.CharField[str, str]):
    """The handle of a tenant, organization, workspace, person or integration."""

    default_validators = [validate_place_handle, validate_not_reserved]  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"max_length": PLACE_MAX_LENGTH}))


class NodeHandleField(models.CharField[str, str]):
    """The handle of a folder or connection; a connection's is its schema name."""

    default_validators = [validate_node_handle]  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"max_length": NODE_MAX_LENGTH, "db_collation": "C"}))


@NodeHandleField.register_lookup
class LikeAny(models.Lookup[str]):
    """``handle__like_any=[…]``: the handle is LIKE one of the patterns."""

    lookup_name = "like_any"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} LIKE ANY(%s)", (*parameters, list(self.rhs))


@NodeHandleField.register_lookup
class Among(models.Lookup[Collection[str]]):
    """``handle__among={…}``: as ``in``, but one text is the parameter, where ten thousand would be slow to make."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Render one comparison with an array that PostgreSQL makes; psycopg takes longer for it."""
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} = ANY(ARRAY(SELECT json_array_elements_text(%s)))", (*parameters, json.dumps([*self.rhs]))


def slug(name: str) -> str:
    """Make the schema-safe form of a name: lower case, ``[a-z0-9_]`` only; may be empty.

    Letters and digits of other scripts are written in Latin ones; whatever is neither separates. The caller decides
    what stands in for an empty slug.
    """
    if not name.isascii():
        name = "".join(map(_in_ascii, unicodedata.normalize("NFKC", name)))
    return _NOT_SLUG.sub("_", name.lower()).strip("_")


def _in_ascii(character: str) -> str:
    """Write a letter, a mark on one, or a digit in ASCII, and anything else as what separates."""
    return anyascii(character) if unicodedata.category(character)[0] in "LMN" else "_"


def why_system_owned(name: str) -> str:
    """Say why no schema can have this name, or one that begins with it; empty when one can."""
    if not name.startswith(_SYSTEM_OWNED):  # of ten thousand names at once in each sync
        return ""
    for prefix, owner in _SYSTEM_PREFIXES.items():
        if name.startswith(prefix):
            return f"Names that begin with {prefix} belong to {owner}, so no schema can be called {name}."
    return f"{name} is a schema of PostgreSQL itself." if name == _SYSTEM_SCHEMA else ""


def how_to_write(name: str) -> str:
    """Say how a schema is written in SQL when not simply by its name; empty when it is."""
    return f'In SQL, write this name in double quotes: "{name}".' if name in _SQL_WORDS else ""


def fit(stem: str, suffix: str = "") -> str:
    """Join stem and suffix, cutting the stem so that the whole is a node handle of at most 63 characters."""
    return stem[: NODE_MAX_LENGTH - len(suffix)].rstrip("_") + suffix
