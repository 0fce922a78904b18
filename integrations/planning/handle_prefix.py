"""What another handle prefix makes of the connections' handles. Pure: facts in, new handles out.

Only dynamic handles change, those of removed connections too, which are reserved for their return. Who has the bare
handle of a contested name keeps it: on the first import that was the account that joined first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from integrations.planning.handles import handle_of_slug, wishes
from integrations.planning.reconcile import Held, Tree, Update
from workspaces.handles import NODE_MAX_LENGTH, slug
from workspaces.wording.names import isolated

_NAME = "Web Production"  # while nothing is discovered yet
_MANY = 4  # a warning is due when a share of one in so many is named so


@dataclass(frozen=True, slots=True)
class Example:
    """What a prefix does to a name, in words, and what speaks against it, if anything."""

    sentence: str
    warning: str = ""


def example(prefix: str, names: Sequence[str]) -> Example:
    """Say what the prefix makes of one of these accounts, and whether many of them begin with it already."""
    begun = f"{prefix.rstrip('_')}_"
    doubled = [name for name in names if prefix and slug(name).startswith(begun)]
    is_doubled = len(doubled) > 1 and len(doubled) * _MANY >= len(names)
    shown = next((name for name in (doubled if is_doubled else names) if slug(name)), _NAME)
    handle = handle_of_slug("connection", slug(shown), "", prefix)
    sentence = f"The account “{isolated(shown)}” becomes the connection {handle}."
    if not is_doubled:
        return Example(sentence)
    return Example(
        sentence,
        f"{len(doubled):,} of {len(names):,} discovered accounts have {begun} in front of their names already. Leave"
        " the prefix empty, or choose another one.",
    )


class PrefixRefusedError(Exception):
    """The prefix cannot be used; the text is a sentence that says why and what to do."""


def renames(tree: Tree, prefix: str) -> tuple[Update, ...]:
    """Plan the new handles. Raises PrefixRefusedError when one would be too long, or equal to a static one."""
    static = {held.handle: held for held in tree.connections if held.is_handle_static}
    dynamic = [held for held in tree.connections if not held.is_handle_static]
    stems = {held.id: slug(held.title) for held in dynamic}
    given: set[str] = set()
    updates = []
    for held in sorted(dynamic, key=lambda held: (not _is_bare(held, stems[held.id], tree.handle_prefix), held.id)):
        bare = handle_of_slug("connection", stems[held.id], held.source_id, prefix)
        _check(held, stems[held.id], bare, prefix, static)
        handle = next(
            wish for wish in wishes("connection", bare, held.source_id) if wish not in given and wish not in static
        )
        given.add(handle)
        if handle != held.handle:
            updates.append(Update(held, held._replace(handle=handle)))
    return tuple(updates)


def refusal(handle: str, whose: str) -> PrefixRefusedError:
    """Make the error of a handle that belongs to somebody else already."""
    return PrefixRefusedError(
        f"With this prefix a connection would be called {handle}, which is {whose}. Choose another."
    )


def _is_bare(held: Held, stem: str, prefix: str) -> bool:
    return held.handle == handle_of_slug("connection", stem, held.source_id, prefix)


def _check(held: Held, stem: str, bare: str, prefix: str, static: Mapping[str, Held]) -> None:
    if len(stem) <= NODE_MAX_LENGTH < len(prefix) + len(stem):
        raise PrefixRefusedError(
            f"With this prefix the handle of {isolated(held.title)} would have {len(prefix) + len(stem)} characters; a"
            f" schema name has {NODE_MAX_LENGTH} at most. Choose a shorter prefix."
        )
    if bare in static:
        raise refusal(bare, f"the static handle of {isolated(static[bare].title)}")


def handles(updates: Sequence[Update]) -> frozenset[str]:
    return frozenset(update.after.handle for update in updates)
