"""The IAM of every account: roles, users, access keys, and the stack sets that put a role into member accounts."""

import hashlib
from dataclasses import dataclass, field

from tests.fakes.aws.organization import StandInError, letters
from tests.fakes.aws.policy import Policy, as_list, principals, refuse_malformed

VENDOR_ACCOUNT_ID = "999999999999"
VENDOR_ROLE_ARN = f"arn:aws:iam::{VENDOR_ACCOUNT_ID}:role/pipes"


@dataclass(slots=True)
class Role:
    """A role: who may assume it, and what it may do then."""

    account_id: str
    name: str
    trust_policy: Policy
    policies: list[Policy] = field(default_factory=list)
    partition: str = "aws"
    path: str = "/"
    max_session_seconds: int = 3600
    stack: str = ""  # the CloudFormation stack that made it, if one did
    unique_id: str = ""  # of this role and no later one of its name
    trusted_ids: dict[str, str] = field(default_factory=dict)  # principals that the trust policy names, when it was set

    @property
    def arn(self) -> str:
        """The ARN, with the role's path."""
        return f"arn:{self.partition}:iam::{self.account_id}:role{self.path}{self.name}"


@dataclass(slots=True)
class User:
    """A user, for the access-key way in."""

    account_id: str
    name: str
    policies: list[Policy] = field(default_factory=list)
    partition: str = "aws"
    unique_id: str = ""

    @property
    def arn(self) -> str:
        """The ARN."""
        return f"arn:{self.partition}:iam::{self.account_id}:user/{self.name}"


@dataclass(slots=True)
class AccessKey:
    """A long-lived key pair of a user, or of a role whose machine hands out keys (the product's own server)."""

    id: str
    secret: str
    principal_arn: str
    is_active: bool = True


@dataclass(slots=True)
class StackSet:
    """A template in every account below its targets; ``accounts`` is None where later accounts get it too."""

    organization_id: str
    name: str
    template: str
    parameters: dict[str, str]
    targets: list[str]
    accounts: list[str] | None = None


@dataclass
class Iam:
    """All IAM entities, by ARN, and all keys, by id."""

    roles: dict[str, Role] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    keys: dict[str, AccessKey] = field(default_factory=dict)
    stack_sets: list[StackSet] = field(default_factory=list)
    made: int = 0  # roles and users, those that are gone included

    def put_role(self, role: Role) -> Role:
        """Create or replace a role; ``StandInError`` for a policy that AWS would refuse.

        Like AWS, it keeps of each principal that the trust policy names the unique id: one that is made again under
        the same name is another one.
        """
        refuse_malformed(role.trust_policy, is_trust=True)
        for policy in role.policies:
            refuse_malformed(policy, is_trust=False)
        for statement in as_list(role.trust_policy["Statement"]):
            for principal in principals(statement):
                self._refuse_missing_principal(principal)
        if not 3600 <= role.max_session_seconds <= 43200:
            raise StandInError("MaxSessionDuration is between 3600 and 43200 seconds.")
        known = self.roles.get(role.arn)
        role.unique_id = known.unique_id if known else self._new_id("AROA")
        role.trusted_ids = self._unique_ids(role.trust_policy)
        self.roles[role.arn] = role
        return role

    def create_role(
        self,
        account_id: str,
        name: str,
        trust_policy: Policy,
        *policies: Policy,
        partition: str = "aws",
        max_session_seconds: int = 3600,
    ) -> Role:
        """Create a role with these permission policies; ``StandInError`` for a policy that AWS would refuse."""
        role = Role(account_id, name, trust_policy, list(policies), partition, max_session_seconds=max_session_seconds)
        return self.put_role(role)

    def delete_role(self, arn: str) -> None:
        """Delete a role; its sessions end with it."""
        if self.roles.pop(arn, None) is None:
            raise StandInError(f"There is no role {arn}.")

    def create_user(self, account_id: str, name: str, *policies: Policy, partition: str = "aws") -> User:
        """Create or replace a user."""
        for policy in policies:
            refuse_malformed(policy, is_trust=False)
        user = User(account_id, name, list(policies), partition, self._new_id("AIDA"))
        self.users[user.arn] = user
        return user

    def create_key(self, principal_arn: str, *, key_id: str = "", secret: str = "") -> AccessKey:
        """Give a user or role a key pair; the same pair each time for the same ARN and number of keys."""
        if principal_arn not in self.users and principal_arn not in self.roles:
            raise StandInError(f"There is no user or role {principal_arn}.")
        seed = f"{principal_arn}#{len(self.keys)}"
        key = AccessKey(
            key_id or f"AKIA{letters(seed, 16).upper()}",
            secret or hashlib.sha256(f"secret of {seed}".encode()).hexdigest()[:40],
            principal_arn,
        )
        self.keys[key.id] = key
        return key

    def unique_id(self, arn: str) -> str:
        """Return the unique id of the role or user that has this ARN now, if any."""
        found = self.roles.get(arn) or self.users.get(arn)
        return found.unique_id if found else ""

    def _new_id(self, kind: str) -> str:
        self.made += 1
        return f"{kind}{letters(f'{kind}#{self.made}', 17).upper()}"

    def _unique_ids(self, trust_policy: Policy) -> dict[str, str]:
        named = {principal for statement in as_list(trust_policy["Statement"]) for principal in principals(statement)}
        return {arn: self.unique_id(arn) for arn in named if self.unique_id(arn)}

    def _refuse_missing_principal(self, principal: str) -> None:
        is_account = principal == "*" or principal.endswith(":root") or principal.isdigit()
        if not is_account and principal not in self.roles and principal not in self.users:
            raise StandInError(f"Invalid principal in policy: there is no {principal} (MalformedPolicyDocument).")
