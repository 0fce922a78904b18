"""What AWS says of a few accounts and OUs, laid over what is known of all others."""

from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from integrations.planning.snapshot import Snapshot, SnapshotAccount, SnapshotFolder, parents_of

Node = TypeVar("Node", SnapshotFolder, SnapshotAccount)


class DoesNotFitError(Exception):
    """What was looked at does not fit what is known: all has to be read. The text is a clause that says why."""


@dataclass(frozen=True, slots=True)
class Partial:
    """Some accounts and OUs as AWS describes them, and the ids of those that it says are gone from it."""

    folders: tuple[SnapshotFolder, ...] = ()
    accounts: tuple[SnapshotAccount, ...] = ()
    gone: frozenset[str] = frozenset()

    @property
    def covers(self) -> frozenset[str]:
        """The ids of all that was looked at."""
        folders = {folder.source_id for folder in self.folders}
        return self.gone | folders | {account.source_id for account in self.accounts}

    @property
    def where(self) -> dict[str, str | None]:
        """The parent of each that is there; a closed account is not."""
        return parents_of(self.folders, self.accounts)

    def keeping(self, aspects: Iterable[tuple[str, str]], base: Snapshot) -> "Partial":
        """Leave out some of what was seen, as (id, aspect): there the nodes stay as ``base`` has them."""
        kept = set(aspects)
        out = {source_id for source_id, aspect in kept if aspect == "there"}
        folders = {folder.source_id: folder for folder in base.folders}
        accounts = {account.source_id: account for account in base.accounts}
        return Partial(
            tuple(_kept(one, folders.get(one.source_id), kept) for one in self.folders if one.source_id not in out),
            tuple(_kept(one, accounts.get(one.source_id), kept) for one in self.accounts if one.source_id not in out),
            self.gone - out,
        )

    def over(self, base: Snapshot) -> Snapshot:
        """Lay it over a snapshot of all; raises DoesNotFitError when the two contradict each other."""
        covered = self.covers
        accounts = {one.source_id: one for one in base.accounts if one.source_id not in covered}
        accounts |= {one.source_id: one for one in self.accounts}
        folders = [one for one in base.folders if one.source_id not in covered]
        ordered = parents_first([*folders, *self.folders], base.root)
        places = {folder.source_id for folder in ordered}
        if homeless := [one for one in accounts.values() if one.parent_id not in places]:
            raise DoesNotFitError(f"the account {homeless[0].source_id} is in an OU that is not there")
        in_order = tuple(accounts[source_id] for source_id in sorted(accounts))
        return replace(base, folders=ordered, accounts=in_order)


def _kept(seen: Node, known: Node | None, kept: Container[tuple[str, str]]) -> Node:
    fields = {"rename": "name", "move": "parent_id", "state": "state"}
    if known is None:
        return seen
    return replace(
        seen, **{name: getattr(known, name) for aspect, name in fields.items() if (seen.source_id, aspect) in kept}
    )


def parents_first(folders: Iterable[SnapshotFolder], root: SnapshotFolder) -> tuple[SnapshotFolder, ...]:
    """Bring folders in order. Raises DoesNotFitError when one is not below the root."""
    below: defaultdict[str | None, list[SnapshotFolder]] = defaultdict(list)
    number = 0
    for folder in folders:
        below[folder.parent_id].append(folder)
        number += 1
    ordered = [root]
    for folder in ordered:  # grows meanwhile
        ordered += below[folder.source_id]
    if len(ordered) != number:
        missing = {folder.source_id for inside in below.values() for folder in inside} - {
            one.source_id for one in ordered
        }
        raise DoesNotFitError(f"the OU {min(missing, default=root.source_id)} is in an OU that is not there")
    return tuple(ordered)
