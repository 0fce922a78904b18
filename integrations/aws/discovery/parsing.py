"""What Organizations answers, row by row, checked against the patterns of its documentation and put into our types.

An answer that breaks a pattern is refused as a whole: better no snapshot than one that deletes on a mistake.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from integrations.aws.errors import incomplete, unexpected
from integrations.aws.identifiers import ACCOUNT_ID
from integrations.planning.snapshot import AccountState

ORGANIZATION_ID: Final = re.compile(r"o-[a-z0-9]{10,32}")
ROOT_ID: Final = re.compile(r"r-[0-9a-z]{4,32}")
FOLDER_ID: Final = re.compile(r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}")
_ROOT_ARN: Final = re.compile(r"arn:[a-z-]+:organizations::([0-9]{12}):root/(o-[a-z0-9]{10,32})/(r-[0-9a-z]{4,32})")
_PATH: Final = re.compile(
    rf"({ORGANIZATION_ID.pattern}/{ROOT_ID.pattern}(/{FOLDER_ID.pattern})*(/{ACCOUNT_ID.pattern})?)/"
)
_LONGEST_NAME: Final = 128
_LONGEST_EMAIL: Final = 64
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")  # allowed in JSON, impossible in the database

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RootRow:
    """The root, and what its ARN says about the AWS organization."""

    root_id: str
    name: str
    organization_id: str
    management_account_id: str


@dataclass(frozen=True, slots=True)
class FolderRow:
    """An organizational unit; ``path`` is from the organization's id down to its own, None where AWS gave none."""

    source_id: str
    name: str
    path: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account; ``paths`` are from the organization's id down to its own; they and ``email`` may be empty."""

    source_id: str
    name: str
    state: AccountState
    joined_at: datetime
    paths: frozenset[tuple[str, ...]]
    email: str


class Reader:
    """Reads the rows of one answer; ``operation`` and ``subject`` go into the messages of what it refuses."""

    def __init__(self, operation: str, subject: str = "") -> None:
        self._operation = operation
        self._subject = subject

    def root(self, row: Row) -> RootRow:
        """A row of ListRoots. The ARN gives what DescribeOrganization says, to those who may not call it."""
        match = _ROOT_ARN.fullmatch(self._text(row, "Arn"))
        root_id = self.identifier(row, "Id", ROOT_ID)
        if match is None or match[3] != root_id:
            raise unexpected(self._operation, self._subject, "the ARN of the root is not that of a root")
        return RootRow(root_id, self._name(row, root_id), match[2], match[1])

    def folder(self, row: Row) -> FolderRow:
        """A row of ListOrganizationalUnitsForParent, or the answer of DescribeOrganizationalUnit."""
        folder_id = self.identifier(row, "Id", FOLDER_ID)
        path = self._path(row["Path"], folder_id) if row.get("Path") else None
        return FolderRow(folder_id, self._name(row, folder_id), path)

    def account(self, row: Row) -> AccountRow:
        """A row of ListAccounts, or the answer of DescribeAccount."""
        account_id = self.identifier(row, "Id", ACCOUNT_ID)
        joined_at = row.get("JoinedTimestamp")
        if not isinstance(joined_at, datetime):
            raise incomplete(self._operation, self._subject, f"JoinedTimestamp of {account_id} is missing")
        return AccountRow(
            account_id,
            self._name(row, account_id),
            self._state(row, account_id),
            joined_at.astimezone(UTC),
            frozenset(self._path(path, account_id) for path in row.get("Paths") or ()),
            _email(row),
        )

    def identifier(self, row: Row, key: str, pattern: re.Pattern[str]) -> str:
        """The id under that key; refused when AWS does not make such ids."""
        text = self._text(row, key)
        if pattern.fullmatch(text) is None:
            of = f" of {str(row['Name'])[:80]}" if row.get("Name") else ""
            raise unexpected(self._operation, self._subject, f"{key}{of} is {text[:80]!r}, which is not such an id")
        return text

    def _state(self, row: Row, account_id: str) -> AccountState:
        """``State``, or ``Status`` where AWS still sends that; a value that we do not know is not active.

        AWS announced to stop sending ``Status`` on 2026-09-09. Neither of them means a row that was cut.
        """
        state = row.get("State") or row.get("Status")
        if not isinstance(state, str):
            raise incomplete(self._operation, self._subject, f"State of {account_id} is missing")
        try:
            return AccountState(state.lower())
        except ValueError:
            return AccountState.UNKNOWN

    def _path(self, text: object, source_id: str) -> tuple[str, ...]:
        """``o-…/r-…/ou-…/123456789012/``: from the organization down to the thing itself."""
        match = _PATH.fullmatch(text) if isinstance(text, str) else None
        if match is None or not match[1].endswith(f"/{source_id}"):
            raise unexpected(self._operation, self._subject, f"the path of {source_id} is {str(text)[:80]!r}")
        return tuple(match[1].split("/"))

    def _name(self, row: Row, source_id: str) -> str:
        name = self._text(row, "Name", of=source_id)
        if len(name) > _LONGEST_NAME:
            what = f"Name of {source_id} has {len(name)} characters, and {_LONGEST_NAME} are the most"
            raise unexpected(self._operation, self._subject, what)
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", name)

    def _text(self, row: Row, key: str, *, of: str = "") -> str:
        """The text under that key; messages name the row by its id, or by its name where it is the id that is wrong."""
        text = row.get(key)
        of = of or str(row.get("Name") or "")[:80]
        what = f"{key} of {of}" if of else f"{key} of a row"
        if text is None or text == "":
            raise incomplete(self._operation, self._subject, f"{what} is missing")
        if not isinstance(text, str):
            raise unexpected(self._operation, self._subject, f"{what} is not a text")
        return text


def _email(row: Row) -> str:
    """Give the address of the account's root user, which nothing depends on; empty where it is none that AWS makes."""
    email = row.get("Email")
    return email if isinstance(email, str) and len(email) <= _LONGEST_EMAIL and not _UNSTORABLE.search(email) else ""
