"""Tokens: what is done with them, and who one signs in.

Each action is one transaction, bound to the token's tenant by whom calls it, and writes one audit event there. No event
holds anything of a secret but its last four characters, nor a title, which is a person's own and goes with the token.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, QuerySet

from workspaces import audit, isolation
from workspaces.access import Scope
from workspaces.database import WrittenOnce
from workspaces.models import Membership, Tenant, Token, User
from workspaces.models.tenant import new_public_id
from workspaces.models.token import new_token_text, token_hash
from workspaces.sign_in import account_events
from workspaces.wording.names import isolated

LIMIT: Final = 5  # of one person in one tenant, active or not
LIMIT_OF_SERVICE_ACCOUNT: Final = 2  # so that one can take the place of the other
USE_IS_WRITTEN_EVERY: Final = timedelta(minutes=1)
REFUSED: Final = "This token is unknown, inactive or over. Make another one at Profile → Tokens."


class TooManyTokensError(Exception):
    """The person has as many tokens in the tenant as anybody may have; the text says what to do."""


class MadeMeanwhileError(Exception):
    """There is a newer token than the one that is wanted was to follow; the text says what to do."""


class TokenLifeError(ValueError):
    """A token would live longer than the tenant allows; the text says how long it may."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whom a token has signed in: with the roles that they have in the token's tenant."""

    token: Token
    user: User
    tenant: Tenant
    memberships: tuple[Membership, ...]


def tokens_of(user: User, tenant: Tenant) -> QuerySet[Token]:
    return Token.objects.filter(user=user, tenant=tenant).order_by("-created_at", "-pk")


@transaction.atomic
def make(
    *,
    user: User,
    tenant: Tenant,
    title: str,
    expires_at: datetime | None,
    by: User,
    now: datetime,
    newest: int | None = None,
) -> str:
    """Make a token and give its text, which is known to nobody afterwards; its person, if it is one, gets an email.

    ``newest`` is the key of the newest token that whoever asks knew of, so that the same form makes no second one.
    Raises MadeMeanwhileError, TooManyTokensError, TokenLifeError, and Membership.DoesNotExist when the person is no
    member of the tenant.
    """
    membership = Membership.objects.select_for_update().get(user=user, tenant=tenant, organization=None)
    _refuse_another(user, tenant, newest)
    check_life(tenant, expires_at, now=now)
    public_id = new_public_id("tpt")
    text = new_token_text(public_id)
    token = Token.objects.create(
        tenant=tenant,
        user=user,
        membership=membership,
        public_id=public_id,
        title=title,
        expires_at=expires_at,
        secret_hash=token_hash(text),
        last4=text[-4:],
    )
    day = expires_at.date().isoformat() if expires_at else None
    audit.record("token.created", scope=_where(user, tenant), by=by, target=token, of=user.known_as, expires=day)
    if not user.is_service_account:
        account_events.token_made(user, tenant=tenant, last4=token.last4, expires_at=expires_at)
    return text


def _refuse_another(user: User, tenant: Tenant, newest: int | None) -> None:
    if newest is not None and tokens_of(user, tenant).filter(pk__gt=newest).exists():
        raise MadeMeanwhileError(
            "This form has made a token already, or another one was made since it was opened. If you want one more,"
            " send it again; what was made is in the list."
        )
    most = limit_of(user)
    if tokens_of(user, tenant).count() >= most:
        raise TooManyTokensError(
            f"{isolated(user)} has {most} tokens in {tenant}, which is the most. Delete one of them first."
        )


def _where(user: User, tenant: Tenant) -> Scope:
    """Give the place in whose audit log a token is: people have theirs in tenants."""
    return Scope(tenant, user.service_organization)


def limit_of(user: User) -> int:
    """Say how many tokens somebody may have in one tenant."""
    return LIMIT_OF_SERVICE_ACCOUNT if user.is_service_account else LIMIT


def check_life(tenant: Tenant, expires_at: datetime | None, *, now: datetime) -> None:
    """Raise TokenLifeError when a token of the tenant may not be good until then."""
    days = tenant.token_max_days
    if days and (expires_at is None or expires_at > now + timedelta(days=days, minutes=1)):
        raise TokenLifeError(f"Tokens of {tenant} are good for {days} days at most. Choose an earlier day.")


@transaction.atomic
def change(*, token: Token, title: str, is_active: bool, by: User) -> None:
    """Change what a token is called, or whether it signs anybody in. Raises Token.DoesNotExist when it is gone."""
    current = Token.objects.select_for_update().get(pk=token.pk)
    before, is_renamed = current.is_active, title != current.title
    if before == is_active and not is_renamed:
        return
    current.title, current.is_active = title, is_active
    current.save(update_fields=["title", "is_active"])
    audit.record(
        "token.changed",
        scope=_where(current.user, current.tenant),
        by=by,
        target=current,
        of=current.user.known_as,
        before={"is_active": before},
        after={"is_active": is_active},
        **({"renamed": True} if is_renamed else {}),
    )


@transaction.atomic
def delete(*, token: Token, by: User) -> None:
    """End a token for good; what uses it is signed out with its next request. Deleted twice, nothing happens."""
    if Token.objects.filter(pk=token.pk).delete()[0]:
        of, where = token.user.known_as, _where(token.user, token.tenant)
        audit.record("token.deleted", scope=where, by=by, target=token, of=of)


@transaction.atomic
def void_all(*, tenant: Tenant, by: User, now: datetime) -> int:
    """End all tokens of a tenant that were made until now (*Reset authentication*), and give their number."""
    number = Token.objects.filter(tenant=tenant).delete()[0]
    Tenant.objects.filter(pk=tenant.pk).update(tokens_valid_from=now)
    audit.record("tenant.tokens_voided", scope=Scope(tenant), by=by, target=tenant, tokens=number)
    return number


@transaction.atomic
def end_all_of(*, person: User, now: datetime) -> None:
    """End all tokens of a person, in whichever tenant; one that is being made just now is good for nothing either.

    Whoever calls it records why.
    """
    person.tokens_valid_from = now
    person.save(update_fields=["tokens_valid_from"])
    with isolation.as_user(person.pk):
        tenants = sorted(set(Token.objects.filter(user=person).values_list("tenant_id", flat=True)))
    for tenant in tenants:
        with isolation.as_tenant(tenant):
            Token.objects.filter(user=person, tenant=tenant).delete()


@transaction.atomic
def set_longest_life(*, tenant: Tenant, days: int | None, by: User) -> None:
    """Set for how many days a token of the tenant is good at most; None for as long as anybody wants.

    It holds for tokens that are made from then on.
    """
    current = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    before = current.token_max_days
    if before != days:
        current.token_max_days = days
        current.save(update_fields=["token_max_days"])
        audit.record(
            "tenant.token_life_changed",
            scope=Scope(tenant),
            by=by,
            target=tenant,
            before={"days": before},
            after={"days": days},
        )


def state_of(token: Token, *, now: datetime) -> str:
    """Say whether a token signs its person in: it is *active*, *inactive* for now, or *over* for good."""
    if token.is_over(now) or _is_void(token, token.tenant, token.user):
        return "over"
    return "active" if token.is_active else "inactive"


_FIELDS: Final = [field.attname for field in Token._meta.concrete_fields]
# The function binds the transaction to the token's person and tenant. That is taken back here: it needs none.
_FIND: Final = f"""
    SELECT {", ".join(f'"{name}"' for name in _FIELDS)},
        set_config('app.user_id', '', true), set_config('app.tenant_id', '', true)
    FROM sign_in_by_token(%s)
"""  # noqa: S608  nothing but names of columns


def find(text: str, *, now: datetime) -> Token | None:
    """Find the token that this is, in one statement; None where it is good for nothing.

    Afterwards nothing is bound, as before in a request. Whom it signs in, if anybody by now, ``whom`` says.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [token_hash(text)])
        row = cursor.fetchone()
    token = Token.from_db(connection.alias, _FIELDS, row[: len(_FIELDS)]) if row else None
    return token if token and token.is_active and not token.is_over(now) else None


def note_use(token: Token, *, now: datetime) -> None:
    """Write once in a while that a token was used, in a transaction that no refusal undoes."""
    if token.last_used_at is None or token.last_used_at <= now - USE_IS_WRITTEN_EVERY:
        with isolation.as_tenant(token.tenant_id):
            free = Token.objects.filter(pk=token.pk).select_for_update(skip_locked=True)
            Token.objects.filter(pk__in=free.values("pk")).update(last_used_at=now)


def whom(token: Token) -> SignedIn | None:
    """Say whom a token signs in, in one statement of a transaction that is bound to its person and its tenant.

    It may have ended since it was found: a body that takes long is read meanwhile.
    """
    memberships = tuple(_MEMBERSHIPS.ask(token.user_id, token.tenant_id, token.pk))
    member = next((one for one in memberships if one.pk == token.membership_id), None)
    if member is None or not member.user.is_active or _is_void(token, member.tenant, member.user):
        return None
    return SignedIn(token, member.user, member.tenant, memberships)


def _memberships(user: int, tenant: int, token: int) -> QuerySet[Membership]:
    own = Membership.objects.filter(Exists(Token.objects.filter(pk=token, is_active=True)), user=user, tenant=tenant)
    return own.select_related("user", "tenant")


_MEMBERSHIPS: Final = WrittenOnce(_memberships, -1, -2, -3)


def _is_void(token: Token, tenant: Tenant, user: User) -> bool:
    return any(at and token.created_at < at for at in (tenant.tokens_valid_from, user.tokens_valid_from))
