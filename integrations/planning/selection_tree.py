"""The tree of a snapshot as somebody chooses from it: what is ticked, how much of each OU, and what that says in words.

Pure, as planning is. A closed account is not mirrored whatever is ticked, so it counts for nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from integrations.planning.selection import ROOT, Selection, forget, tick, ticked_accounts, ticked_folders, unknown
from integrations.planning.snapshot import AccountState, Snapshot, SnapshotAccount, SnapshotFolder

Tick = Literal["true", "false", "mixed"]
Verb = Literal["include", "exclude", "forget"]  # what a button does
_NAMED: Final = 6


Named = tuple[str, int]  # the name of an OU or account, and how many accounts are in it


@dataclass(frozen=True, slots=True)
class SelectionFacts:
    """What a read says of a selection: how many accounts there are and are mirrored, and what marks are called.

    Integrations keep it as JSON, which is read and written here alone; the version before does both too.
    """

    accounts: int
    mirrored: int
    named: Mapping[str, Named] = field(default_factory=dict)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "SelectionFacts | None":
        """Read what ``to_json`` has written; None where nothing has been read yet."""
        if not stored:
            return None
        named = {key: (str(name), int(accounts)) for key, (name, accounts) in stored["named"].items()}
        return cls(stored["accounts"], stored["mirrored"], named)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"named": {key: list(one) for key, one in self.named.items()}}


@dataclass(frozen=True, slots=True)
class Choice:
    """One OU (or the root) or account to tick; ``mirrored`` of its ``accounts`` are ticked, at any depth."""

    source_id: str
    name: str
    is_folder: bool
    tick: Tick
    accounts: int
    mirrored: int
    state: str = ""
    has_inside: bool = False

    @property
    def state_words(self) -> str:
        return self.state.replace("_", " ")

    @property
    def is_closed(self) -> bool:
        return self.state == AccountState.CLOSED


class Outline:
    """A snapshot with a selection laid over it."""

    def __init__(self, snapshot: Snapshot, selection: Selection) -> None:
        self.snapshot, self.selection = snapshot, selection
        self._is_ticked = ticked_folders(snapshot, selection)
        self._is_mirrored = ticked_accounts(snapshot, selection)
        self._folders = {folder.source_id: folder for folder in snapshot.folders}
        self._units: defaultdict[str, list[SnapshotFolder]] = defaultdict(list)
        self._accounts: defaultdict[str, list[SnapshotAccount]] = defaultdict(list)
        for folder in snapshot.folders[1:]:
            self._units[folder.parent_id or ""].append(folder)
        for account in snapshot.accounts:
            self._accounts[account.parent_id].append(account)
        self._counts: dict[str, tuple[int, int]] = {}
        self._ticks: dict[str, Tick] = {}
        for folder in reversed(snapshot.folders):  # children come after their parents
            self._add_up(folder.source_id)

    def _add_up(self, source_id: str) -> None:
        own = [account.source_id for account in self._accounts[source_id] if account.state != AccountState.CLOSED]
        below = [unit.source_id for unit in self._units[source_id]]
        total = len(own) + sum(self._counts[unit][0] for unit in below)
        mirrored = sum(map(self._is_mirrored.__getitem__, own)) + sum(self._counts[unit][1] for unit in below)
        self._counts[source_id] = total, mirrored
        kinds = {_tick(self._is_ticked[source_id]), *(_tick(self._is_mirrored[account]) for account in own)}
        kinds |= {self._ticks[unit] for unit in below}
        self._ticks[source_id] = kinds.pop() if len(kinds) == 1 else "mixed"

    def after(self, verb: Verb, source_id: str = "") -> "Outline":
        """Lay over it what is chosen when a node is ticked or unticked, or when what is gone from AWS is forgotten."""
        if verb == "forget":
            return Outline(self.snapshot, forget(self.selection, self.unknown))
        return Outline(self.snapshot, tick(self.snapshot, self.selection, source_id, is_ticked=verb == "include"))

    @property
    def unknown(self) -> list[str]:
        """The ids that were chosen or left out and are gone from AWS."""
        return unknown(self.snapshot, self.selection)

    @property
    def ids(self) -> set[str]:
        """The ids of all that there is to choose from; the root has its own and the one by which it is always known."""
        return {ROOT, *self._folders, *(account.source_id for account in self.snapshot.accounts)}

    @property
    def facts(self) -> SelectionFacts:
        """What is worth keeping of it: how many accounts there are, how many are mirrored, and how marks are called."""
        accounts, mirrored = self._counts[self.snapshot.root.source_id]
        marks = self.selection.marks
        folders = [folder for folder in self.snapshot.folders[1:] if folder.source_id in marks]
        named = {folder.source_id: (folder.name, self._counts[folder.source_id][0]) for folder in folders}
        named |= {one.source_id: (one.name, 1) for one in self.snapshot.accounts if one.source_id in marks}
        return SelectionFacts(accounts, mirrored, named)

    @property
    def words(self) -> str:
        return in_words(self.selection, self.facts)

    @property
    def whole_folders(self) -> list[str]:
        """The ids of the topmost OUs, or of the root, of which all is mirrored that is in them now or comes later."""
        whole: list[str] = []
        covered: set[str] = set()
        for folder in self.snapshot.folders:  # parents come before their children
            if folder.parent_id in covered:
                covered.add(folder.source_id)
            elif self._ticks[folder.source_id] == "true":
                whole.append(folder.source_id)
                covered.add(folder.source_id)
        return whole

    @property
    def single_accounts(self) -> list[str]:
        """The ids of the accounts that are mirrored and in no OU of which all is."""
        inside = {folder for top in self.whole_folders for folder in self._below(top)}
        left = (
            one for one in self.snapshot.accounts if self._is_mirrored[one.source_id] and one.parent_id not in inside
        )
        return sorted(one.source_id for one in left if one.state != AccountState.CLOSED)

    def _below(self, source_id: str) -> list[str]:
        return [source_id, *(found for unit in self._units[source_id] for found in self._below(unit.source_id))]

    def has_folder(self, source_id: str) -> bool:
        return source_id in self._folders

    def folder(self, source_id: str) -> Choice:
        total, mirrored = self._counts[source_id]
        is_open = bool(self._units[source_id] or self._accounts[source_id])
        name = self._folders[source_id].name
        return Choice(source_id, name, True, self._ticks[source_id], total, mirrored, has_inside=is_open)

    def inside(self, source_id: str) -> list[Choice]:
        """Give what is directly in an OU: OUs first, each by name."""
        units = sorted(self._units[source_id], key=lambda unit: (unit.name.casefold(), unit.source_id))
        accounts = sorted(self._accounts[source_id], key=lambda one: (one.name.casefold(), one.source_id))
        return [*(self.folder(unit.source_id) for unit in units), *map(self._account, accounts)]

    def line(self, source_id: str) -> list[Choice]:
        """Give the OUs from the root down to the one that a node is, or is in."""
        parents = {account.source_id: account.parent_id for account in self.snapshot.accounts}
        at: str | None = parents.get(source_id, source_id)
        line = []
        while at is not None and at in self._folders:
            line.append(self.folder(at))
            at = self._folders[at].parent_id
        return line[::-1]

    def node(self, source_id: str) -> Choice | None:
        """Give an OU or an account, if it is there."""
        if self.has_folder(source_id):
            return self.folder(source_id)
        return next((self._account(one) for one in self.snapshot.accounts if one.source_id == source_id), None)

    def _account(self, account: SnapshotAccount) -> Choice:
        is_mirrored = self._is_mirrored[account.source_id]
        state = "" if account.state == AccountState.ACTIVE else account.state.value
        return Choice(account.source_id, account.name, False, _tick(is_mirrored), 1, int(is_mirrored), state)


def facts_of(snapshot: Snapshot, selection: Selection) -> SelectionFacts:
    """Give the facts of an outline; where nobody chose anything, as mostly, without drawing one."""
    if selection != Selection():
        return Outline(snapshot, selection).facts
    closed = AccountState.CLOSED
    accounts = sum(account.state is not closed for account in snapshot.accounts)
    return SelectionFacts(accounts, accounts)


def _tick(is_ticked: bool) -> Tick:
    return "true" if is_ticked else "false"


def in_words(selection: Selection, facts: SelectionFacts | None) -> str:
    """Say what is mirrored in a sentence; ``facts`` are those of the last read, if there was one.

    They may be older than the selection.
    """
    if selection.is_everything:
        return "All accounts, now and later."
    named = facts.named if facts else {}
    left_out = _listed(selection.exclude, named)
    if ROOT in selection.include:
        inside = _listed(selection.include - {ROOT}, named)
        nevertheless = f" Mirrored nevertheless: {inside}." if inside else ""
        return f"All accounts, now and later, but for {left_out}.{nevertheless}"
    units = _listed((key for key in selection.include if not key.isdecimal()), named)
    accounts = _listed(filter(str.isdecimal, selection.include), named)
    mirrored = ", and ".join(filter(None, [f"{units}, now and later" if units else "", accounts]))
    without = _listed(selection.exclude - {ROOT}, named)
    return f"Only {mirrored}{f', but for {without}' if without else ''}." if mirrored else "No account at all."


def _listed(keys: Iterable[str], named: Mapping[str, Named]) -> str:
    names = [
        _named(key, named)
        for key in sorted(keys, key=lambda key: (key.isdecimal(), named[key][0] if key in named else key))
    ]
    if len(names) > _NAMED:
        names[_NAMED - 1 :] = [f"{len(names) - _NAMED + 1:,} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _named(key: str, named: Mapping[str, Named]) -> str:
    if key.isdecimal():
        return f"account {named[key][0]} ({key})" if key in named else f"account {key}"
    if key not in named:
        return f"OU {key}"
    name, accounts = named[key]
    return f"OU {name} ({accounts:,} account{'' if accounts == 1 else 's'})"
