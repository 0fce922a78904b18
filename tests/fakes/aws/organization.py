"""An AWS organization as AWS Organizations knows it: one root, OUs at most five levels deep, accounts.

Changes made here are visible to the next call. Lists are kept sorted by id, so that a page costs the same in an AWS
organization of ten and of ten thousand accounts, and a cursor ("after this id") survives every change.
"""

import hashlib
import threading
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

STATES = ("PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED")
DEEPEST_LEVEL = 5  # OUs nest five levels under the root (AWS Organizations quotas)
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class StandInError(Exception):
    """Something was asked of the stand-in that AWS would refuse, or that names nothing; the text is a sentence."""


@dataclass(slots=True)
class Account:
    """One account; ``joined_at`` is in seconds since 1970."""

    id: str
    name: str
    email: str
    parent_id: str
    joined_at: float
    state: str = "ACTIVE"
    joined_method: str = "CREATED"


@dataclass(slots=True)
class Unit:
    """One organizational unit (OU)."""

    id: str
    name: str
    parent_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """One node as it was (None: it is new) and as it is now (None: it is gone), with the moment in seconds since 1970.

    ``by_member`` says that the account itself did it, not the management account.
    """

    organization: "AwsOrganization" = field(repr=False)
    before: Account | Unit | None
    after: Account | Unit | None
    at: float
    by_member: bool = False

    @property
    def node(self) -> Account | Unit:
        """The node, as it is now or was last."""
        return cast("Account | Unit", self.after or self.before)


def letters(seed: str, length: int) -> str:
    """Return ``length`` lower-case letters and digits that depend on ``seed`` only."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest())
    return "".join(BASE36[number // 36**place % 36] for place in range(length))


def digits(seed: str) -> str:
    """Return the twelve digits of an account id that depend on ``seed`` only."""
    return str(int.from_bytes(hashlib.sha256(seed.encode()).digest()) % 10**12).zfill(12)


@dataclass
class AwsOrganization:
    """The tree and its accounts. ``label`` is the stand-in's own word for it; AWS organizations have no name."""

    id: str
    root_id: str
    management_account_id: str
    label: str = ""
    partition: str = "aws"
    accounts: dict[str, Account] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    delegated_administrators: dict[str, float] = field(default_factory=dict)
    serial: int = 0

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.listeners: list[Callable[[Change], object]] = []  # each hears of every change, in order; none may wait
        self.account_ids = sorted(self.accounts)
        self._accounts_in: dict[str, list[str]] = {}
        self._units_in: dict[str, list[str]] = {}
        for account_id in self.account_ids:
            self._accounts_in.setdefault(self.accounts[account_id].parent_id, []).append(account_id)
        for unit_id in sorted(self.units):
            self._units_in.setdefault(self.units[unit_id].parent_id, []).append(unit_id)

    # Reading

    def is_parent(self, node_id: str) -> bool:
        """Tell whether the root or an OU has this id."""
        return node_id == self.root_id or node_id in self.units

    def accounts_in(self, parent_id: str) -> list[str]:
        """Return the sorted ids of the accounts directly in a root or OU."""
        return self._accounts_in.get(parent_id, [])

    def units_in(self, parent_id: str) -> list[str]:
        """Return the sorted ids of the OUs directly in a root or OU."""
        return self._units_in.get(parent_id, [])

    def parent_of(self, node_id: str) -> str:
        """Return the id of the root or OU that holds an account or OU."""
        node = self.accounts.get(node_id) or self.units.get(node_id)
        if node is None:
            raise StandInError(f"Nothing in {self.id} has the id {node_id}.")
        return node.parent_id

    def lineage(self, node_id: str) -> list[str]:
        """Return the ids from the root down to ``node_id`` itself."""
        line = [node_id]
        while line[-1] != self.root_id:
            line.append(self.parent_of(line[-1]))
        return line[::-1]

    def path(self, node_id: str) -> str:
        """Return the path as AWS writes it: ids from the AWS organization down, with a trailing slash."""
        return "/".join((self.id, *self.lineage(node_id))) + "/"

    def level(self, parent_id: str) -> int:
        """Return 0 for the root, 1 for an OU in the root, and so on."""
        return len(self.lineage(parent_id)) - 1

    def find(self, name_or_id: str) -> Account | Unit:
        """Return the account or OU with this id or, if only one has it, this name."""
        return self._only("account or OU", name_or_id, self.accounts, self.units)

    def find_account(self, name_or_id: str) -> Account:
        """Return the account with this id or, if only one has it, this name."""
        return cast("Account", self._only("account", name_or_id, self.accounts))

    def find_parent(self, name_or_id: str) -> str:
        """Return the id of the root ("Root") or of the OU with this id or, if only one has it, this name."""
        if name_or_id in ("Root", self.root_id):
            return self.root_id
        return self._only("OU", name_or_id, self.units).id

    def _only(self, kind: str, name_or_id: str, *kinds: Mapping[str, Account | Unit]) -> Account | Unit:
        for nodes in kinds:
            if name_or_id in nodes:
                return nodes[name_or_id]
        found = [node for nodes in kinds for node in nodes.values() if node.name == name_or_id]
        if not found:
            raise StandInError(f"No {kind} in {self.id} has the id or name {name_or_id!r}.")
        if len(found) > 1:
            ids = ", ".join(node.id for node in found)
            raise StandInError(f"More than one {kind} is called {name_or_id!r}: {ids}. Give the id instead.")
        return found[0]

    # Changing

    def create_account(
        self,
        name: str,
        *,
        parent: str = "",
        email: str = "",
        state: str = "ACTIVE",
        account_id: str = "",
        joined_at: float | None = None,
        joined_method: str = "CREATED",
    ) -> Account:
        """Add an account, in the root unless ``parent`` (an OU's id or name) says otherwise."""
        with self.lock:
            account_id = account_id or self._new_account_id()
            if account_id in self.accounts:
                raise StandInError(f"The account {account_id} exists already.")
            self._refuse_state(account_id, state)
            account = Account(
                id=account_id,
                name=name,
                email=email or f"aws+{account_id}@example.com",
                parent_id=self.find_parent(parent) if parent else self.root_id,
                joined_at=time.time() if joined_at is None else joined_at,
                state=state,
                joined_method=joined_method,
            )
            with self._changing(account, is_new=True):
                self.accounts[account_id] = account
                insort(self.account_ids, account_id)
                insort(self._accounts_in.setdefault(account.parent_id, []), account_id)
            return account

    def create_unit(self, name: str, *, parent: str = "", unit_id: str = "") -> Unit:
        """Add an OU, in the root unless ``parent`` (an OU's id or name) says otherwise."""
        with self.lock:
            parent_id = self.find_parent(parent) if parent else self.root_id
            if self.level(parent_id) >= DEEPEST_LEVEL:
                raise StandInError(f"{parent_id} is on level {DEEPEST_LEVEL}; AWS nests no OU deeper.")
            self._refuse_taken_name(name, parent_id)
            self.serial += 1
            unit_id = unit_id or f"ou-{self.root_id[2:]}-{letters(f'{self.id}/ou/{self.serial}', 8)}"
            unit = Unit(unit_id, name, parent_id)
            with self._changing(unit, is_new=True):
                self.units[unit_id] = unit
                insort(self._units_in.setdefault(parent_id, []), unit_id)
            return unit

    def rename(self, node: str, name: str) -> Account | Unit:
        """Give an account or OU (by id or name) another name."""
        with self.lock:
            renamed = self.find(node)
            if isinstance(renamed, Unit):
                self._refuse_taken_name(name, renamed.parent_id, but=renamed.id)
            with self._changing(renamed):
                renamed.name = name
            return renamed

    def move(self, account: str, parent: str) -> Account:
        """Move an account into the root or an OU. An OU cannot be moved: AWS has no operation for it."""
        with self.lock:
            moved, parent_id = self.find_account(account), self.find_parent(parent)
            with self._changing(moved):
                remove_sorted(self._accounts_in[moved.parent_id], moved.id)
                moved.parent_id = parent_id
                insort(self._accounts_in.setdefault(parent_id, []), moved.id)
            return moved

    def set_state(self, account: str, state: str) -> Account:
        """Set the state of an account; ``StandInError`` for one that AWS does not have."""
        with self.lock:
            changed = self.find_account(account)
            self._refuse_state(changed.id, state)
            with self._changing(changed):
                changed.state = state
            return changed

    def suspend(self, account: str) -> Account:
        """Suspend an account, as AWS does to one whose owner broke its terms."""
        return self.set_state(account, "SUSPENDED")

    def reactivate(self, account: str) -> Account:
        """Make an account active again."""
        return self.set_state(account, "ACTIVE")

    def close(self, account: str, *, now: bool = False) -> Account:
        """Close an account: pending closure first and, with ``now``, closed (AWS keeps showing it for 90 days)."""
        return self.set_state(account, "CLOSED" if now else "PENDING_CLOSURE")

    def remove(self, account: str, *, by_member: bool = False) -> Account:
        """Take an account out of the AWS organization, or have it leave; it is in no list from now on."""
        with self.lock:
            gone = self.find_account(account)
            if gone.id == self.management_account_id:
                raise StandInError("The management account cannot leave its AWS organization.")
            with self._changing(gone, is_gone=True, by_member=by_member):
                del self.accounts[gone.id]
                self.delegated_administrators.pop(gone.id, None)
                remove_sorted(self.account_ids, gone.id)
                remove_sorted(self._accounts_in[gone.parent_id], gone.id)
            return gone

    def delete_unit(self, unit: str) -> str:
        """Delete an empty OU; returns its id."""
        with self.lock:
            unit_id = self.find_parent(unit)
            if unit_id == self.root_id:
                raise StandInError("The root cannot be deleted.")
            if self.accounts_in(unit_id) or self.units_in(unit_id):
                raise StandInError(f"{unit_id} is not empty; AWS deletes empty OUs only.")
            gone = self.units[unit_id]
            with self._changing(gone, is_gone=True):
                remove_sorted(self._units_in[self.units.pop(unit_id).parent_id], unit_id)
            return unit_id

    def delegate(self, account: str, *, since: float | None = None) -> Account:
        """Make an account a delegated administrator (of some service; which one decides nothing here)."""
        delegate = self.find_account(account)
        self.delegated_administrators[delegate.id] = time.time() if since is None else since
        return delegate

    @contextmanager
    def _changing(
        self, node: Account | Unit, *, is_new: bool = False, is_gone: bool = False, by_member: bool = False
    ) -> Iterator[None]:
        """Tell the listeners what the block has made of a node, if it has; the lock is held."""
        before = None if is_new else replace(node)
        yield
        after = None if is_gone else replace(node)
        if before != after:
            for listener in self.listeners:
                listener(Change(self, before, after, time.time(), by_member))

    def _refuse_state(self, account_id: str, state: str) -> None:
        if state not in STATES:
            raise StandInError(f"{state!r} is not a state of an account; those are {', '.join(STATES)}.")
        if account_id == self.management_account_id and state != "ACTIVE":
            raise StandInError("The management account cannot be suspended or closed.")

    def _refuse_taken_name(self, name: str, parent_id: str, but: str = "") -> None:
        if not 1 <= len(name) <= 128:
            raise StandInError("The name of an OU has 1 to 128 characters.")
        if any(self.units[unit].name == name for unit in self.units_in(parent_id) if unit != but):
            raise StandInError(f"{parent_id} holds an OU called {name!r} already.")

    def _new_account_id(self) -> str:
        self.serial += 1
        return digits(f"{self.id}/account/{self.serial}")


def remove_sorted(ids: list[str], node_id: str) -> None:
    """Take one id out of a sorted list."""
    del ids[bisect_left(ids, node_id)]


def page_after(ids: list[str], after: str, size: int) -> tuple[list[str], bool]:
    """Return up to ``size`` ids that sort behind ``after``, and whether more follow."""
    start = bisect_right(ids, after)
    return ids[start : start + size], start + size < len(ids)


def new_organization(
    label: str, *, seed: str = "", partition: str = "aws", management_name: str = "Management", joined_at: float = 0.0
) -> AwsOrganization:
    """Return an AWS organization with its management account in the root; the same ids for the same seed."""
    seed = seed or label
    root_id = f"r-{letters(f'{seed}/root', 4)}"
    management_id = digits(f"{seed}/management")
    organization = AwsOrganization(f"o-{letters(seed, 10)}", root_id, management_id, label, partition)
    organization.create_account(management_name, account_id=management_id, joined_at=joined_at, joined_method="INVITED")
    return organization
