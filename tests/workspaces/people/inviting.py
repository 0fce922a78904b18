"""What tests of invitations share."""

from datetime import datetime

from django.utils import timezone

from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Membership, Role, User
from workspaces.people import invitations
from workspaces.people.invitations import InvitationEmail

NEW = "new.person@example.com"


def invite(
    cast: Cast, scope: Scope, email: str = NEW, role: Role = Role.MEMBER, now: datetime | None = None
) -> InvitationEmail:
    by = cast.org_owner if scope.organization == cast.tnt else cast.tenant_owner
    with isolation.as_tenant(cast.acme.pk):
        return invitations.send_invitation(scope=scope, email=email, role=role, by=by, now=now or timezone.now())


def link(letter: InvitationEmail) -> str:
    return f"/invitations/{letter.token}/"


def role_of(cast: Cast, user: User, scope: Scope) -> str | None:
    with isolation.as_tenant(cast.acme.pk):
        found = Membership.objects.filter(user=user, **scope.keys).first()
    return found.role if found else None


def events(cast: Cast) -> list[str]:
    with isolation.as_tenant(cast.acme.pk):
        return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


NEW_ACCOUNT = {"handle": "newcomer", "name": "New Person", "password": "correct-horse-battery"}
