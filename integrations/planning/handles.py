"""How the handles of discovered folders and connections are made.

- A dynamic handle is the prefix (connections only) and the name, as a slug; a static one is typed and never touched.
- One that collides gets its id as a suffix, and so does one called as a schema that each workspace has anyway.

What a handle may look like at all, and what a slug is, is in ``workspaces.handles``; another prefix for connections
that are there already is in ``handle_prefix``.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Final, Literal

from workspaces.handles import RESERVED_SCHEMAS, fit, slug, why_system_owned

NodeKind = Literal["folder", "connection"]

# What a handle begins with where the name gives nothing that one may begin with.
_STAND_IN: Final[Mapping[NodeKind, str]] = {"folder": "folder", "connection": "account"}


def dynamic_handle(kind: NodeKind, title: str, source_id: str, prefix: str = "") -> str:
    """Make the handle that a node would have if nobody else wanted it."""
    return handle_of_slug(kind, slug(title), source_id, prefix)


def handle_of_slug(kind: NodeKind, stem: str, source_id: str, prefix: str) -> str:
    """Make that handle of the slug of the node's title."""
    if not stem:
        stem = f"{_STAND_IN[kind]}_{_suffix_id(source_id)}"
    elif not prefix and not stem[0].isalpha():
        stem = f"{_STAND_IN[kind]}_{stem}"
    handle = fit(prefix + stem)
    if kind == "connection" and why_system_owned(handle):  # which nothing at the end of it would mend
        handle = fit(f"{_STAND_IN[kind]}_{handle}")
    return handle


def wishes(kind: NodeKind, bare: str, source_id: str) -> Iterator[str]:
    """Give the handles that a node may have, the one it would have if nobody else wanted it first, without end.

    A connection's is a schema name, and none may be one that each workspace has by itself.
    """
    suffix = f"_{_suffix_id(source_id)}"
    if kind == "folder" or bare not in RESERVED_SCHEMAS:
        yield bare
    yield fit(bare, suffix)
    for number in count(2):
        yield fit(bare, f"{suffix}_{number}")


def _suffix_id(source_id: str) -> str:
    """Give what differs between ids of siblings: ``cdefgh34`` of ``ou-ab12-cdefgh34``, all of an account id."""
    return source_id.rpartition("-")[2]
