"""What a provider said its tree looks like, in our words and without any of its library's types.

A snapshot is complete or it does not exist: what builds one raises when anything was missing.
"""

import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class AccountState(StrEnum):
    """Where an account is in its life; only ACTIVE can be used.

    The values are those of ``Account.State`` in AWS Organizations, in lower case. A value that AWS adds later reads as
    UNKNOWN, which is not active.
    """

    ACTIVE = "active"
    PENDING_ACTIVATION = "pending_activation"
    SUSPENDED = "suspended"
    PENDING_CLOSURE = "pending_closure"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SnapshotFolder:
    """One organizational unit, or the root (then ``parent_id`` is None)."""

    source_id: str
    parent_id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class SnapshotAccount:
    """One account; ``joined_at`` orders those that want the same handle. ``email`` is empty where it is not known."""

    source_id: str
    parent_id: str
    name: str
    state: AccountState
    joined_at: datetime
    email: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole AWS organization at one moment.

    ``folders`` holds the root first and every parent before its children; ids are unique over folders and accounts;
    every ``parent_id`` is the id of one of ``folders``.

    What the reader was told to leave out where it is denied is in neither: ``left_out_folders`` are the ids of the
    denied folders, ``left_out_accounts`` of the accounts that are known to be in them. ``unplaced_accounts`` are those
    that the provider lists and no readable folder held when it was asked: in a denied one, unless they were moving.
    ``unlisted_closed`` are accounts in no list of which it says, when asked, that they are closed.
    """

    organization_id: str
    management_account_id: str
    folders: tuple[SnapshotFolder, ...]
    accounts: tuple[SnapshotAccount, ...]
    left_out_folders: frozenset[str] = frozenset()
    left_out_accounts: frozenset[str] = frozenset()
    unplaced_accounts: frozenset[str] = frozenset()
    unlisted_closed: frozenset[str] = frozenset()

    @property
    def root(self) -> SnapshotFolder:
        """The folder that has no parent."""
        return self.folders[0]


def parents_of(folders: Iterable[SnapshotFolder], accounts: Iterable[SnapshotAccount]) -> dict[str, str | None]:
    """Give the parent of each folder, and of each account that is there: a closed one is not."""
    parents = {folder.source_id: folder.parent_id for folder in folders}
    there = (account for account in accounts if account.state is not AccountState.CLOSED)
    return parents | {account.source_id: account.parent_id for account in there}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a read has come; shown live."""

    folders: int = 0
    accounts: int = 0
    calls: int = 0


_SETS: Final = ("left_out_folders", "left_out_accounts", "unplaced_accounts", "unlisted_closed")


def pack(snapshot: Snapshot) -> bytes:
    """Write a snapshot down as bytes, compressed JSON, to be kept in a row; 10,000 accounts take about 300 kB."""
    whole = asdict(snapshot)
    whole["emails"] = {}  # beside the accounts, where a version that knows none passes over them
    for account in whole["accounts"]:
        account["joined_at"] = account["joined_at"].isoformat()
        whole["emails"][account["source_id"]] = account.pop("email")
    for name in _SETS:
        whole[name] = sorted(whole[name])
    return zlib.compress(json.dumps(whole).encode())


def unpack(packed: bytes) -> Snapshot:
    """Read what ``pack`` wrote; what the version before has written comes without emails."""
    whole = json.loads(zlib.decompress(packed))
    emails = whole.get("emails", {})
    return Snapshot(
        organization_id=whole["organization_id"],
        management_account_id=whole["management_account_id"],
        folders=tuple(SnapshotFolder(**folder) for folder in whole["folders"]),
        accounts=tuple(
            SnapshotAccount(
                **account
                | {
                    "state": AccountState(account["state"]),
                    "joined_at": datetime.fromisoformat(account["joined_at"]),
                    "email": emails.get(account["source_id"], ""),
                }
            )
            for account in whole["accounts"]
        ),
        **{name: frozenset(whole.get(name, ())) for name in _SETS},
    )
