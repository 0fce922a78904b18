"""Which part of an AWS organization an integration mirrors: what was ticked, and what it leaves of a snapshot.

Pure, as planning is. The nearest mark decides: that of the account or OU itself, else that of the nearest OU above that
has one, else that of the root. So what comes to a ticked OU later is mirrored too, and an account that was ticked by
itself is mirrored wherever it moves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from integrations.planning.snapshot import AccountState, Snapshot

ROOT: Final = "root"  # whatever its id: it is not known before the first read


@dataclass(frozen=True, slots=True)
class Selection:
    """The ids that were ticked and unticked otherwise than what is above them; what has no mark follows that."""

    include: frozenset[str] = frozenset({ROOT})
    exclude: frozenset[str] = frozenset()

    @classmethod
    def of(cls, stored: Mapping[str, Iterable[str]]) -> "Selection":
        return cls(frozenset(stored["include"]), frozenset(stored["exclude"]))

    @property
    def stored(self) -> dict[str, list[str]]:
        return {"include": sorted(self.include), "exclude": sorted(self.exclude)}

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out, now or later."""
        return ROOT in self.include and not self.exclude

    @property
    def marks(self) -> dict[str, bool]:
        """Each id that has a mark, and whether it is ticked."""
        return dict.fromkeys(self.include, True) | dict.fromkeys(self.exclude, False)

    @classmethod
    def _marked(cls, marks: Mapping[str, bool]) -> "Selection":
        include = frozenset(key for key, is_ticked in marks.items() if is_ticked)
        return cls(include, frozenset(marks) - include)


def ticked_folders(snapshot: Snapshot, selection: Selection) -> dict[str, bool]:
    """Say of each folder whether what comes to it is mirrored."""
    marks = selection.marks
    ticked = {snapshot.root.source_id: marks.get(ROOT, False)}
    for folder in snapshot.folders[1:]:
        ticked[folder.source_id] = marks.get(folder.source_id, ticked[folder.parent_id or ""])
    return ticked


def ticked_accounts(snapshot: Snapshot, selection: Selection) -> dict[str, bool]:
    marks, folders = selection.marks, ticked_folders(snapshot, selection)
    return {
        account.source_id: marks.get(account.source_id, folders[account.parent_id]) for account in snapshot.accounts
    }


def select(snapshot: Snapshot, selection: Selection) -> Snapshot:
    """Leave of a snapshot what is mirrored; the folders above what stays do too, and the root always.

    A closed account keeps no folder: it is not mirrored itself.
    """
    if selection.is_everything:
        return snapshot
    ticked = ticked_accounts(snapshot, selection)
    accounts = [account for account in snapshot.accounts if ticked[account.source_id]]
    kept = {source_id for source_id, is_ticked in ticked_folders(snapshot, selection).items() if is_ticked}
    kept |= {account.parent_id for account in accounts if account.state is not AccountState.CLOSED}
    kept.add(snapshot.root.source_id)
    for folder in reversed(snapshot.folders):  # parents come before their children
        if folder.source_id in kept and folder.parent_id:
            kept.add(folder.parent_id)
    folders = tuple(folder for folder in snapshot.folders if folder.source_id in kept)
    return replace(
        snapshot, folders=folders, accounts=tuple(account for account in accounts if account.parent_id in kept)
    )


def tick(snapshot: Snapshot, selection: Selection, source_id: str, *, is_ticked: bool) -> Selection:
    """Tick or untick an account, or an OU with all that is in it; what it then has from above needs no mark.

    An id that the snapshot does not have changes nothing.
    """
    inside = _at_or_below(snapshot, source_id)
    if not inside:
        return selection
    marks = {key: value for key, value in selection.marks.items() if key not in inside}
    if source_id == snapshot.root.source_id:
        marks[ROOT] = is_ticked
    elif _follows(snapshot, Selection._marked(marks), source_id) != is_ticked:
        marks[source_id] = is_ticked
    return Selection._marked(marks)


def exactly(snapshot: Snapshot, include: Iterable[str], exclude: Iterable[str]) -> Selection:
    """Give the selection in which these are ticked and those are not, the nearest mark deciding.

    Without a mark of its own the root is not ticked. Of what would be so anyway no mark is kept; ids that the snapshot
    does not have are kept as they come.
    """
    root = snapshot.root.source_id
    wanted = dict.fromkeys(include, True) | dict.fromkeys(exclude, False)
    wanted |= {ROOT: wanted.pop(root, wanted.get(ROOT, False))}
    ticked, marks = {root: wanted[ROOT]}, dict(wanted)
    nodes = [(folder.source_id, folder.parent_id or "") for folder in snapshot.folders[1:]]
    for source_id, above in (*nodes, *((account.source_id, account.parent_id) for account in snapshot.accounts)):
        ticked[source_id] = wanted.get(source_id, ticked[above])
        if ticked[source_id] == ticked[above]:
            marks.pop(source_id, None)
    return Selection._marked(marks)


def unknown(snapshot: Snapshot, selection: Selection) -> list[str]:
    """The ids of marks that are not in the AWS organization any more, as far as it could be seen; they do no harm."""
    seen = {folder.source_id for folder in snapshot.folders} | {account.source_id for account in snapshot.accounts}
    hidden = snapshot.left_out_folders | snapshot.left_out_accounts | snapshot.unplaced_accounts
    return sorted(selection.marks.keys() - seen - hidden - {ROOT})


def forget(selection: Selection, ids: Iterable[str]) -> Selection:
    gone = frozenset(ids)
    return Selection(selection.include - gone, selection.exclude - gone)


def _at_or_below(snapshot: Snapshot, source_id: str) -> set[str]:
    """The ids of a node and of all that is in it; none when it is not there."""
    found = {account.source_id for account in snapshot.accounts if account.source_id == source_id}
    for folder in snapshot.folders:
        if folder.source_id == source_id or folder.parent_id in found:
            found.add(folder.source_id)
    found |= {account.source_id for account in snapshot.accounts if account.parent_id in found}
    return found | {ROOT} if snapshot.root.source_id in found else found


def _follows(snapshot: Snapshot, selection: Selection, source_id: str) -> bool:
    """Whether a node below the root is mirrored that has no mark of its own."""
    parents: dict[str, str | None] = {folder.source_id: folder.parent_id for folder in snapshot.folders}
    parents |= {account.source_id: account.parent_id for account in snapshot.accounts}
    return ticked_folders(snapshot, selection)[parents[source_id] or ""]
