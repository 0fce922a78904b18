"""Handles: what they may look like, and how one is made from a name.

Two patterns, from the product's words: places (tenants, organizations, workspaces), people and integrations may have
dashes; folders and connections become schema names and may not.
"""

import json
import re
import unicodedata
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

PLACE_MAX_LENGTH = 39
NODE_MAX_LENGTH = 63

# Words that are (or may become) a part of a URL where a handle of a place could stand.
RESERVED = frozenset(
    "about account accounts activity admin advanced aggregators api audit config connections healthz integrations "  # noqa: SIM905
    "invitations new operator orgs people permissions processes profile public readyz settings static tenants theme "
    "workspaces".split()
)

PUBLIC = "public"
ALL_AWS = "all_aws"
RESERVED_SCHEMAS = (PUBLIC, ALL_AWS)  # schemas that a workspace has by itself

_NOT_SLUG = re.compile(r"[^a-z0-9]+")


validate_place_handle = RegexValidator(
    r"^[a-z][a-z0-9-]{0,38}\Z",
    "Start with a lower-case letter, then use lower-case letters, digits and dashes, 39 characters at most.",
)
validate_node_handle = RegexValidator(
    r"^[a-z][a-z0-9_]{0,62}\Z",
    "Start with a lower-case letter, then use lower-case letters, digits and underscores, 63 characters at most.",
)


def validate_not_reserved(handle: str) -> None:
    """Refuse words that stand for pages of the console."""
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
        """Render one comparison with an array."""
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
    """Make the schema-safe form of a name: lower case, ``[a-z0-9_]`` only, accents dropped; may be empty.

    Letters of scripts that do not decompose to Latin ones are dropped; the caller decides what stands in for an empty
    slug.
    """
    if not name.isascii():
        name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _NOT_SLUG.sub("_", name.lower()).strip("_")


def fit(stem: str, suffix: str = "") -> str:
    """Join stem and suffix, cutting the stem so that the whole is a node handle of at most 63 characters."""
    return stem[: NODE_MAX_LENGTH - len(suffix)].rstrip("_") + suffix
