"""Asking people to a place by email: each action is one transaction and writes one audit event."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core import mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from workspaces import audit, isolation, rate_limit, retention
from workspaces.access import POWER_OF, Access, Power, Scope
from workspaces.database import at_most_one
from workspaces.models import Invitation, Membership, Role, User
from workspaces.places import members
from workspaces.rate_limit import Window
from workspaces.sign_in import adapter

SENT_PER_HOUR = 20  # by one person; nobody types more, and a stolen session must not become a flood of email
SENT_PER_DAY = 5  # to one address, by one tenant
_PLAIN_ADDRESS = re.compile(r"[\w.+'-]+@[\w.-]+", re.ASCII)


class InvitationOverError(Exception):
    """The invitation was used, withdrawn, replaced or has expired."""


@dataclass(frozen=True, slots=True)
class InvitationEmail:
    """An invitation that is to be mailed, with the token that only the mail will hold."""

    invitation: Invitation
    scope: Scope
    sender: User
    token: str = field(repr=False)

    @property
    def signature(self) -> str:
        """Who sends it, to strangers and in our name: a handle where the address could carry a link or a sentence."""
        name = self.sender.known_as
        return name if _PLAIN_ADDRESS.fullmatch(name) else self.sender.handle


def scope_of(invitation: Invitation) -> Scope:
    return Scope(invitation.tenant, invitation.organization, invitation.workspace)


def hash_of(token: str) -> str:
    """Give what is stored of a token; it is random, so that a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def find(token_hash: str, *, now: datetime) -> Invitation | None:
    """Find the invitation, unless it is over, and bind to its tenant the transaction of ``isolation.as_invitee``."""
    found = at_most_one(Invitation.objects.filter(token_hash=token_hash))
    if found is None or found.is_over(now):
        return None
    isolation.bind(tenant_id=found.tenant_id)
    return Invitation.objects.select_related("tenant", "organization", "workspace").get(pk=found.pk)


@transaction.atomic
def send_invitation(*, scope: Scope, email: str, role: Role, by: User, now: datetime) -> InvitationEmail:
    """Invite an email address to the place; an open invitation to it is replaced, and its link works no more.

    The caller sends the email after the commit. Raises LimitReachedError, and PermissionDenied when the sender
    has just ceased to be an owner.
    """
    _count(scope, email.lower(), by, now)
    # Locked, so that one who takes the sender's role away meanwhile waits, and then finds this invitation too.
    roles = Membership.objects.select_for_update().filter(user=by, tenant=scope.tenant).order_by("pk")
    Access(by, scope, tuple(roles)).check(Power.OWNER)
    token = secrets.token_urlsafe(32)
    invitation, _ = Invitation.objects.open().update_or_create(
        **scope.keys,
        email=email.lower(),
        defaults={
            "role": role,
            "token_hash": hash_of(token),
            "invited_by": by.known_as,
            "sender": by,
            "sent_at": None,
            "expires_at": now + retention.INVITATION,
        },
    )
    audit.record("invitation.sent", scope=scope, by=by, target=invitation, role=role)
    return InvitationEmail(invitation, scope, by, token)


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, by: User, now: datetime) -> None:
    """Make an invitation worthless; quiet when it is over already."""
    if Invitation.objects.open().filter(pk=invitation.pk).update(withdrawn_at=now):
        audit.record("invitation.withdrawn", scope=scope_of(invitation), by=by, target=invitation, role=invitation.role)


@transaction.atomic
def accept_invitation(*, invitation: Invitation, by: User, now: datetime) -> Membership:
    """Let the invited person in; a stronger role that they have there already stays.

    Raises InvitationOverError when it was used, withdrawn or replaced meanwhile, and ValueError for anybody else.
    """
    if by.email != invitation.email:
        raise ValueError("An invitation is accepted by the person it was sent to.")
    ours = Invitation.objects.open().filter(pk=invitation.pk, token_hash=invitation.token_hash, expires_at__gt=now)
    if not ours.update(accepted_at=now):
        raise InvitationOverError
    scope, role = scope_of(invitation), Role(invitation.role)
    membership = at_most_one(Membership.objects.filter(user=by, **scope.keys))
    if membership is None or POWER_OF[Role(membership.role)] < POWER_OF[role]:
        membership = members.join(by, scope, role)
    audit.record("invitation.accepted", scope=scope, by=by, target=invitation, role=membership.role)
    return membership


@transaction.atomic
def accept_with_new_account(
    *, invitation: Invitation, email: str, handle: str, name: str, password: str, now: datetime
) -> Membership:
    """Create the account of the invited person, or nothing at all, and let them in.

    Raises IntegrityError when the email or handle is taken, and what ``accept_invitation`` does.
    """
    user = adapter.create_account(email=email, handle=handle, name=name, password=password)
    return accept_invitation(invitation=invitation, by=user, now=now)


def mail_invitation(email: InvitationEmail) -> None:
    """Send the email and record that it is sent; outside any transaction.

    Raises OSError (smtplib's errors are such) when the mail server does not take it.
    """
    invitation = email.invitation
    link = settings.BASE_URL.rstrip("/") + reverse("invitation", kwargs={"token": email.token})
    context = {"email": email, "role": Role(invitation.role).label, "link": link}
    mail.send_mail(
        # No name of a person or place: these are free text, and the email is from us.
        subject=f"{email.signature} invites you to {email.scope} on Pipes",
        message=render_to_string("workspaces/email/invitation.txt", context),
        from_email=None,
        recipient_list=[invitation.email],
    )
    with isolation.as_tenant(invitation.tenant_id):
        Invitation.objects.filter(pk=invitation.pk, token_hash=invitation.token_hash).update(sent_at=timezone.now())


def _count(scope: Scope, email: str, by: User, now: datetime) -> None:
    refusal = (
        f"You have sent {SENT_PER_HOUR} invitations within this hour, as many as one person may."
        f" Invite {email} in an hour."
    )
    rate_limit.count("invitations", by.pk, limit=SENT_PER_HOUR, window=Window.HOUR, now=now, refusal=refusal)
    key = f"{scope.tenant.pk}:{rate_limit.concealed(email)}"
    refusal = (
        f"{email} was sent {SENT_PER_DAY} invitations today, as many as one address gets. Invite it again tomorrow."
    )
    rate_limit.count("invited", key, limit=SENT_PER_DAY, window=Window.DAY, now=now, refusal=refusal)
