"""What a test of access keeps as JSON: what it tries in place of what is stored, and its report.

Each is read and written here alone. The version before reads these rows too, and writes some of them: so keys stay as
they are, one that is missing reads as its default, and one that is unknown is passed over.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from integrations.models.settings import MEMBER_ROLE_FIELDS, MemberRole

Stored = dict[str, Any]


def _known(kind: type[Any], stored: Mapping[str, Any]) -> Stored:
    return {field.name: stored[field.name] for field in fields(kind) if field.name in stored}


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class TriedAccount:
    """What came of trying the role in an account, in a sentence."""

    account_id: str
    role_arn: str
    is_green: bool
    sentence: str
    name: str


@dataclass(frozen=True, slots=True)
class Who:
    """Whom the credentials sign in as, and which AWS organization that account belongs to."""

    account_id: str = ""
    arn: str = ""
    organization_id: str = ""
    management_account_id: str = ""
    partition: str = ""


@dataclass(frozen=True, slots=True)
class Instead:
    """What is tested in place of what is stored, None where that is tested; no secret is among it.

    ``integration`` is the uid of the one whose settings are tried for one connection, in its ``accounts`` of the
    ``partition`` and with the ``options`` that apply to it.
    """

    integration: str | None = None
    partition: str | None = None
    accounts: tuple[Account, ...] | None = None
    options: Mapping[str, Any] | None = None
    member_role: MemberRole | None = None
    discovery_external_id: str | None = None

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        values = _known(cls, stored)
        if "accounts" in values:
            values["accounts"] = tuple(Account(**_known(Account, one)) for one in values["accounts"])
        if stored.keys() >= set(MEMBER_ROLE_FIELDS):
            values["member_role"] = MemberRole(*(stored[name] for name in MEMBER_ROLE_FIELDS))
        return cls(**values)

    def to_json(self) -> Stored:
        values = {name: value for name, value in asdict(self).items() if value is not None}
        role = values.pop("member_role", None)
        return values | (dict(zip(MEMBER_ROLE_FIELDS, role.values(), strict=True)) if role else {})


@dataclass(frozen=True, slots=True)
class Report:
    """What a test has found so far; a number, a list or ``who`` is None until it is known.

    While it runs, ``phase`` says what is done; a ``sentence`` says how it ended where the figures do not, ``code`` why
    it failed. A Test Discovery counts what it reads, and picks a ``sample`` of accounts for Test Connection; that one
    has its ``results``, for as many accounts as are ``tried``.
    """

    phase: str = ""
    sentence: str = ""
    code: str = ""
    who: Who | None = None
    folders: int | None = None
    accounts: int | None = None
    calls: int | None = None
    root_id: str = ""
    sample: tuple[Account, ...] | None = None
    tried: int | None = None
    results: tuple[TriedAccount, ...] | None = None

    @property
    def signed_in(self) -> Who:
        """Whom the credentials sign in as, empty as long as that is not known."""
        return self.who or Who()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        values = _known(cls, stored)
        if "who" in values:
            values["who"] = Who(**_known(Who, values["who"]))
        if "sample" in values:
            values["sample"] = tuple(Account(**_known(Account, one)) for one in values["sample"])
        if "results" in values:
            values["results"] = tuple(TriedAccount(**_known(TriedAccount, one)) for one in values["results"])
        return cls(**values)

    def to_json(self) -> Stored:
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}
