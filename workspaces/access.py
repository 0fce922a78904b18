"""Who may do what: the one place where roles are turned into permissions.

Every rule comes from the table *Who may do what* of the product's description. ``check_…`` raises PermissionDenied with
a sentence for the person; ``can_…`` is built on it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.urls import reverse

from workspaces.delegation.held import Holdings, read
from workspaces.delegation.verbs import WORDS, Verb
from workspaces.models import Membership, Organization, Plan, Role, SupportAccess, Tenant, User, Workspace


@dataclass(frozen=True, slots=True)
class Scope:
    """A tenant, an organization or a workspace: what owns nodes and integrations, and where pages live."""

    tenant: Tenant
    organization: Organization | None = None
    workspace: Workspace | None = None

    @classmethod
    def by_keys(cls, tenant: int, organization: int | None = None) -> "Scope":
        """Make one of keys alone: as good as any in a filter, and nothing else is known of it."""
        return cls(Tenant(pk=tenant), Organization(pk=organization) if organization else None)

    @property
    def place(self) -> Tenant | Organization | Workspace:
        return self.workspace or self.organization or self.tenant

    @property
    def level(self) -> str:
        """Which of the three it is, in the product's words."""
        return "workspace" if self.workspace else "org" if self.organization else "tenant"

    @property
    def keys(self) -> dict[str, Any]:
        """Field values of a row that this scope owns; as a filter, exactly the rows that it owns."""
        return {"tenant": self.tenant, "organization": self.organization, "workspace": self.workspace}

    def url(self, name: str, **arguments: object) -> str:
        """Give the address of a page of this place."""
        places = {key: place.handle for key, place in self.keys.items() if place}
        return _reverse(name, **(places | arguments))

    def __str__(self) -> str:
        return "/".join(place.handle for place in (self.tenant, self.organization, self.workspace) if place)


@lru_cache(maxsize=10_000)
def _reverse(name: str, **arguments: object) -> str:
    """Give an address; the frame of each page has dozens, the same for all pages of a place."""
    return reverse(name, kwargs=arguments)


class Power(IntEnum):
    """What somebody can be in a place, weakest first; owners of an outer place have that power in all inner ones."""

    NONE = 0
    MEMBER = 1
    OPERATOR = 2
    OWNER = 3


POWER_OF = {
    Role.OWNER: Power.OWNER,
    Role.OPERATOR: Power.OPERATOR,
    Role.MEMBER: Power.MEMBER,
    Role.READER: Power.MEMBER,
}


@dataclass(frozen=True, slots=True)
class Access:
    """One person in one scope: what every view of the console is given."""

    user: User
    scope: Scope
    memberships: tuple[Membership, ...]
    support: SupportAccess | None = None  # the operator looks, as an owner would
    marks: str | None = None  # of the state that the tenant's things are in, see web/remembered.py
    _held: list[Holdings] = field(default_factory=list, repr=False, compare=False)

    @property
    def power(self) -> Power:
        """What this person is here; an org's plain member is nothing in its workspaces, a tenant's in its orgs."""
        return power_in(self.scope, self.memberships)

    @property
    def is_tenant_owner(self) -> bool:
        return power_in(Scope(self.scope.tenant), self.memberships) == Power.OWNER

    @property
    def can_own(self) -> bool:
        return self.power == Power.OWNER

    @property
    def owned_organization_ids(self) -> list[int]:
        """The keys of the organizations that this person owns by a role of theirs in them."""
        own = (m.organization_id for m in self.memberships if m.role == Role.OWNER and m.workspace_id is None)
        return [key for key in own if key is not None]

    @property
    def workspace_ids(self) -> list[int]:
        """The keys of the workspaces in which this person has a role."""
        return [m.workspace_id for m in self.memberships if m.workspace_id is not None]

    @property
    def usable_workspace_ids(self) -> list[int]:
        """The keys of the workspaces that this person may enter by a role of theirs in them, or as a delegate."""
        of_orgs = [m for m in self.memberships if m.organization_id is not None]
        if all(m.role == Role.OWNER and m.workspace_id is None for m in of_orgs):
            return []  # they have no other role that something in a workspace can be delegated to
        delegated = [one.workspace_id for one in self.held.that_give(Verb.USE_SCHEMAS) if one.workspace_id is not None]
        return [*self.workspace_ids, *delegated]

    @property
    def sees_tenant_settings(self) -> bool:
        return self.is_tenant_owner and self.scope.tenant.is_custom

    @property
    def held(self) -> Holdings:
        """What was delegated to this person in the whole tenant; read once, and only where their role is not enough."""
        if not self._held:
            self._held.append(read(self.user.pk, self.scope.tenant.pk))
        return self._held[0]

    @property
    def held_here(self) -> Holdings:
        """What was delegated to this person of what the scope itself owns, or on the scope."""
        organization, workspace = self.scope.organization, self.scope.workspace
        return self.held.within(organization.pk if organization else None, workspace.pk if workspace else None)

    def can(self, verb: Verb, thing: Model) -> bool:
        """Whether this person may do this to a thing of the scope: as an owner, or because it was delegated."""
        return self.can_own or bool(self.held_here.that_give(verb).on(thing))

    def check_verb(self, verb: Verb, thing: Model) -> None:
        if not self.can(verb, thing):
            raise PermissionDenied(
                f"To {WORDS[verb]} you need to be an owner of {self.scope}, or a delegate for it."
                f" Ask an owner of {self.scope} to do it or to delegate it to you."
            )

    def check(self, needs: Power) -> None:
        if self.power < needs:
            others = "a member" if needs == Power.MEMBER else "an operator or owner"  # who is none may be a delegate
            who = "an owner" if needs == Power.OWNER else others
            raise PermissionDenied(
                f"You need to be {who} of {self.scope} for this."
                f" Ask an owner of {self.scope} to do it or to change your role."
            )


# What lets a delegate open a page or call a route: given whoever it is and the arguments of its URL.
Rule = Callable[[Access, Mapping[str, Any]], bool]


def admit(access: Access, needs: Power, rule: Rule | None, arguments: Mapping[str, Any]) -> None:
    """Let whoever has this power in the scope pass, and delegates by the rule; raises PermissionDenied with the reason.

    What was delegated opens what its rule says and nothing else. Who holds nothing learns nothing of what is there.
    """
    if access.power < needs and not (rule is not None and rule(access, arguments)):
        access.check(needs)


def holds(*verbs: Verb) -> Rule:
    """Make the rule for what is open to whoever holds one of these on anything of the scope, or on the scope."""
    return lambda access, _arguments: bool(access.held_here.that_give(*verbs))


def check_tenant_settings(access: Access) -> None:
    """Raise PermissionDenied with the reason when this is in a tenant that has no settings of its own."""
    tenant = access.scope.tenant
    if access.scope.level == "tenant" and not tenant.is_custom:
        raise PermissionDenied(
            f"Tenant Settings need the Enterprise plan; {tenant} is on {Plan(tenant.plan).label}. "
            "Ask the operator of this installation to change the plan."
        )


def power_in(scope: Scope, memberships: Iterable[Membership]) -> Power:
    """Find the strongest power that these memberships (of one person) give in the scope."""
    powers = [Power.NONE]
    for membership in memberships:
        if membership.tenant_id != scope.tenant.pk:
            continue
        at = (membership.organization_id, membership.workspace_id)
        here = (scope.organization and scope.organization.pk, scope.workspace and scope.workspace.pk)
        outer = [(None, None), (here[0], None)]
        if at == here:
            powers.append(POWER_OF[Role(membership.role)])
        elif at in outer and membership.role == Role.OWNER:
            powers.append(Power.OWNER)
    return max(powers)


def why_no_integrations(scope: Scope) -> str:
    """Say why the tenant's plan allows no integration at this level, and what to do; empty when it allows them."""
    plan = Plan(scope.tenant.plan)
    if scope.organization is None and plan != Plan.ENTERPRISE:
        return (
            f"A tenant-level integration needs the Enterprise plan; {scope.tenant} is on {plan.label}. "
            "Create the integration in an organization, or ask the operator of this installation to change the plan."
        )
    if plan == Plan.DEVELOPER:
        return (
            f"Integrations need the Team or Enterprise plan; {scope.tenant} is on {plan.label}. "
            "Ask the operator of this installation to change the plan."
        )
    return ""


def why_only_kept(scope: Scope) -> str:
    """Say why the integrations that are at this level cannot be changed; empty when they can.

    When a tenant's plan ends, what it does not allow any more is kept, so that no workspace loses a schema by it: it is
    synced, by hand too, and can be looked at and deleted, and credentials can be rotated. Only new integrations and
    other settings need the plan.
    """
    if not why_no_integrations(scope):
        return ""
    level = "the Team or Enterprise plan" if scope.organization else "the Enterprise plan"
    return (
        f"This integration needs {level} to be changed; {scope.tenant} is on {Plan(scope.tenant.plan).label}. It keeps"
        " being synced, its credentials and external ids can be replaced, and it can be deleted. Ask the operator of"
        " this installation to change the plan."
    )
