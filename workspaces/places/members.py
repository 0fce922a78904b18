"""Who belongs to a place: reading the members, and what people do to them.

Each action is one transaction and writes one audit event. A place always keeps an owner of its own: an action
that would take the last one away locks all owners first, so that two owners cannot demote each other at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from workspaces import audit, isolation
from workspaces.access import Power, Scope, power_in
from workspaces.database import at_most_one
from workspaces.models import Invitation, Membership, Role, Tenant, Token, User
from workspaces.models.invitation import InvitationQuerySet
from workspaces.models.membership import PLACE_ROLES, WORKSPACE_ROLES
from workspaces.places import home
from workspaces.places.delegated import drop_delegations
from workspaces.places.home import StaysError
from workspaces.wording.names import isolated


class LastOwnerError(StaysError):
    """The last owner of a place would leave it or become less than an owner; the text says what to do first."""


class AlreadyMemberError(Exception):
    """This person has a role in the place already."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What goes with a role: places inside the one it was in, open invitations that need an owner's word, tokens."""

    places: list[Scope] = field(default_factory=list)
    invitations: list[str] = field(default_factory=list)  # the addresses that were invited
    tokens: int = 0

    @property
    def details(self) -> dict[str, object]:
        found = {"also_from": [str(scope) for scope in self.places], "withdrawn_invitations": self.invitations}
        return found | ({"ended_tokens": self.tokens} if self.tokens else {})

    def sentence(self, who: str = "they") -> str:
        """Say what became of the invitations; empty without any."""
        number = len(self.invitations)
        if not number:
            return ""
        what, was = ("invitation", "was") if number == 1 else ("invitations", "were")
        return f" {number} open {what} that {who} sent {was} withdrawn."


def roles_in(scope: Scope) -> tuple[Role, ...]:
    """Roles that exist in such a place, the strongest first."""
    return WORKSPACE_ROLES if scope.workspace else PLACE_ROLES


def members_of(scope: Scope) -> QuerySet[Membership]:
    """Members of the place itself, with their user, by handle; owners of an outer place are not among them."""
    return Membership.objects.filter(**scope.keys).select_related("user").order_by("user__handle")


def matching(members: QuerySet[Membership], text: str) -> QuerySet[Membership]:
    return members.filter(called(text, "user__")) if text else members


def called(text: str, prefix: str = "") -> Q:
    """Match people with this in their handle, name or email, and service accounts, whose email is nobody's business."""
    email = Q(**{f"{prefix}email__icontains": text, f"{prefix}service_tenant": None})
    return email | Q(**{f"{prefix}handle__icontains": text}) | Q(**{f"{prefix}name__icontains": text})


def people_of(tenant: Tenant) -> QuerySet[User]:
    """Everybody who belongs to the tenant."""
    return User.objects.filter(memberships__tenant=tenant, memberships__organization=None)


def find_in_tenant(tenant: Tenant, handle_or_email: str) -> User | None:
    """Find somebody of the tenant by their exact handle or email, in lower case."""
    known = Q(handle=handle_or_email) | Q(email=handle_or_email)
    return at_most_one(people_of(tenant).filter(known))


def owners_of(scope: Scope) -> QuerySet[Membership]:
    return Membership.objects.filter(**scope.keys, role=Role.OWNER)


def active_owners_of(scope: Scope) -> QuerySet[Membership]:
    """Owners of the place itself who can sign in; nobody else counts as one when the last must stay."""
    return owners_of(scope).filter(user__is_active=True, user__service_tenant=None)


def places_inside(scope: Scope, user: User) -> list[Scope]:
    """Organizations and workspaces inside the place that this person has a role in, by handle."""
    inner = Membership.objects.filter(**_inside(scope), user=user).exclude(**scope.keys)
    found = inner.select_related("organization", "workspace").order_by("organization__handle", "workspace__handle")
    return [Scope(scope.tenant, membership.organization, membership.workspace) for membership in found]


def outer_ownership(scope: Scope, user: User) -> Scope | None:
    """Give the place around this one through which the person owns this one too, whatever their role in it."""
    outer = [Scope(scope.tenant)] if scope.organization else []
    outer += [Scope(scope.tenant, scope.organization)] if scope.workspace else []
    memberships = tuple(Membership.objects.filter(user=user, tenant=scope.tenant))
    return next((place for place in outer if power_in(place, memberships) == Power.OWNER), None)


def join(user: User, scope: Scope, role: Role) -> Membership:
    """Give somebody a role in the place, and membership of the places around it: else they could not walk to it.

    Raises HomeError for a service account that belongs elsewhere.
    """
    home.check_role(scope, user, role)
    outer = [Scope(scope.tenant)] if scope.organization else []
    outer += [Scope(scope.tenant, scope.organization)] if scope.workspace else []
    for place in outer:
        Membership.objects.get_or_create(user=user, **place.keys, defaults={"role": Role.MEMBER})
    membership, _ = Membership.objects.update_or_create(user=user, **scope.keys, defaults={"role": role})
    return membership


@transaction.atomic
def add_member(*, scope: Scope, user: User, role: Role, by: User | None) -> Membership:
    """Give somebody of the tenant a role in the place; an open invitation of theirs to it is done with.

    Raises AlreadyMemberError when they have one there already, and HomeError for a service account of elsewhere.
    """
    if Membership.objects.filter(user=user, **scope.keys).exists():
        raise AlreadyMemberError
    membership = join(user, scope, role)
    _invitations_of(user).filter(**scope.keys).update(withdrawn_at=timezone.now())
    audit.record("member.added", scope=scope, by=by, target=user, role=role)
    return membership


@transaction.atomic
def make_owner(*, scope: Scope, user: User, by: User) -> None:
    """Make somebody an owner of the place, whatever they are there."""
    member = at_most_one(Membership.objects.filter(user=user, **scope.keys))
    if member is None:
        add_member(scope=scope, user=user, role=Role.OWNER, by=by)
    else:
        change_role(scope=scope, member=member, role=Role.OWNER, by=by)


@transaction.atomic
def change_role(*, scope: Scope, member: Membership, role: Role, by: User) -> Loss:
    """Change what a member of the place is there; what only an owner may ask others to goes with ownership.

    Raises LastOwnerError for the last owner, HomeError for a service account that cannot be that here, and
    Membership.DoesNotExist when they are gone by now.
    """
    home.check_role(scope, member.user, role)
    if role != Role.OWNER:
        _keep_an_owner(scope, member)
    current = Membership.objects.select_for_update(of=("self",)).select_related("user").get(pk=member.pk, **scope.keys)
    before, current.role = current.role, role
    if before == role:
        return Loss()
    current.save(update_fields=["role"])
    loss = Loss(invitations=withdraw_unbacked(scope, current.user))
    details = {"withdrawn_invitations": loss.invitations} if loss.invitations else {}
    audit.record("member.role_changed", scope=scope, by=by, target=current.user, before=before, after=role, **details)
    return loss


@transaction.atomic
def remove_member(*, scope: Scope, member: Membership, by: User) -> Loss:
    """Take somebody out of the place and of all places inside it; open invitations of theirs and by them go too.

    So does what was delegated to them there.

    Raises LastOwnerError for the last owner of the place itself, and HomeError for a service account of it. A place
    inside may lose its last owner this way: the owners of the outer one own it as well.
    """
    loss = _drop(scope, member)
    audit.record("member.removed", scope=scope, by=by, target=member.user, role=member.role, **loss.details)
    return loss


@transaction.atomic
def leave(*, scope: Scope, member: Membership) -> Loss:
    """Let somebody go from the place by themself, as ``remove_member`` does."""
    loss = _drop(scope, member)
    audit.record("member.left", scope=scope, by=member.user, target=member.user, role=member.role, **loss.details)
    return loss


def _drop(scope: Scope, member: Membership) -> Loss:
    home.check_may_leave(scope, member.user)
    _keep_an_owner(scope, member)
    lost, ended = places_inside(scope, member.user), tokens_with(scope, member.user)
    _invitations_of(member.user).filter(**_inside(scope)).update(withdrawn_at=timezone.now())
    Membership.objects.filter(**_inside(scope), user=member.user).delete()
    drop_delegations(scope, member.user)
    if scope.organization and not scope.workspace:
        _drop_from_unseen_tenant(scope.tenant, member.user)
    return Loss(lost, withdraw_unbacked(scope, member.user), ended)


def _invitations_of(user: User) -> InvitationQuerySet:
    """Open invitations to any address of a member's; one that they have not confirmed may be somebody else's.

    The wall between tenants shows a person's addresses only where they are a member: ask before they are none any more.
    """
    confirmed = EmailAddress.objects.filter(user=user, verified=True).values("email")
    return Invitation.objects.open().filter(Q(email=user.email) | Q(email__in=confirmed))


def unbacked(scope: Scope, sender: User, memberships: Iterable[Membership]) -> list[Invitation]:
    """Give the open invitations to the place, or places inside it, that these memberships do not let somebody send."""
    sent = Invitation.objects.open().sent_by(sender).filter(**_inside(scope)).order_by("pk")
    roles = tuple(memberships)
    return [
        invitation
        for invitation in sent.select_related("tenant", "organization", "workspace")
        if power_in(Scope(invitation.tenant, invitation.organization, invitation.workspace), roles) < Power.OWNER
    ]


def withdraw_unbacked(scope: Scope, sender: User) -> list[str]:
    """Make those of somebody's invitations worthless that need the word of an owner, which they are no more.

    Gives the addresses that were invited.
    """
    left = Membership.objects.filter(user=sender, tenant=scope.tenant) if sender.is_active else ()
    gone = unbacked(scope, sender, left)
    Invitation.objects.open().filter(pk__in=[each.pk for each in gone]).update(withdrawn_at=timezone.now())
    return [each.email for each in gone]


def loss_of(scope: Scope, user: User) -> Loss:
    inside = Membership.objects.filter(**_inside(scope)).values("pk")
    left = Membership.objects.filter(user=user, tenant=scope.tenant).exclude(pk__in=inside)
    withdrawn = [each.email for each in unbacked(scope, user, left)]
    return Loss(places_inside(scope, user), withdrawn, tokens_with(scope, user))


def tokens_with(scope: Scope, user: User) -> int:
    """Say how many tokens somebody has by belonging to the place; they have them in tenants."""
    return 0 if scope.organization else Token.objects.filter(user=user, tenant=scope.tenant).count()


def _drop_from_unseen_tenant(tenant: Tenant, user: User) -> None:
    """Outside Enterprise nobody notices the tenant: who is in none of its organizations is not left in it either."""
    if tenant.is_custom or user.is_service_account:
        return
    of_user = Membership.objects.filter(tenant=tenant, user=user)
    if not of_user.exclude(organization=None).exists():
        of_user.filter(role=Role.MEMBER).delete()


def _inside(scope: Scope) -> dict[str, object]:
    """Filter: rows that the place or a place inside it owns."""
    return {key: place for key, place in scope.keys.items() if place is not None}


def keep_owners_without(user: User) -> None:
    """Raise LastOwnerError where this person is the last owner of a tenant who can sign in.

    A place inside a tenant may lose its last owner this way, as when somebody is removed from the tenant.
    """
    with isolation.as_operator():
        owned = Membership.objects.filter(user=user, organization=None, role=Role.OWNER)
        for membership in owned.select_related("tenant").order_by("tenant_id"):
            _keep_an_owner(Scope(membership.tenant), membership)


def _keep_an_owner(scope: Scope, member: Membership) -> None:
    if member.user.is_service_account:
        return  # it is not counted as one
    # Locks the owners in one order. Who of them is active is read after that, as another's action left it.
    owners = list(owners_of(scope).select_for_update().order_by("pk").values_list("pk", flat=True))
    if member.pk in owners and not active_owners_of(scope).exclude(pk=member.pk).exists():
        raise LastOwnerError(last_owner_sentence(scope, member.user))


def sole_owner(scope: Scope) -> int | None:
    """Give the membership of the place's only active owner."""
    owners = active_owners_of(scope).values_list("pk", flat=True)[:2]
    return owners[0] if len(owners) == 1 else None


def last_owner_sentence(scope: Scope, user: User) -> str:
    return f"{isolated(user)} is the only active owner of {scope}. Make somebody else an owner first."
