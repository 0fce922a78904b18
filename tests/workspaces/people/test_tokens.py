"""Whom a token signs in, what ends it, and that nothing of it is kept but its hash."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import factories
from tests.conftest import Cast, make_cast
from tests.threads import meeting
from tests.workspaces.people.test_erasing_people import everything_that_is_stored
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Membership, Role, Tenant, Token, User
from workspaces.models.token import token_hash
from workspaces.people import accounts, tokens
from workspaces.people.tokens import SignedIn
from workspaces.places import members


def make(person: User, tenant: Tenant, expires_at: datetime | None = None) -> str:
    with isolation.as_tenant(tenant.pk):
        return factories.token(person, tenant, expires_at=expires_at)


def sign_in(text: str, *, now: datetime | None = None) -> SignedIn | None:
    """Ask as a request does, that is bound to nobody."""
    now = now or timezone.now()
    token = tokens.find(text, now=now)
    if token is None:
        return None
    tokens.note_use(token, now=now)
    with isolation.bound(user_id=token.user_id, tenant_id=token.tenant_id):
        return tokens.whom(token)


def row_of(text: str, tenant: Tenant) -> Token:
    with isolation.as_tenant(tenant.pk):
        return Token.objects.select_related("tenant", "user").get(secret_hash=token_hash(text))


def test_a_token_signs_in_its_person_as_they_are_there_now(cast: Cast) -> None:
    with isolation.as_tenant(cast.globex.pk):
        factories.member(Scope(cast.globex), cast.org_member, Role.OWNER)
    text = make(cast.org_member, cast.acme)
    found = sign_in(text)
    assert found
    assert (found.user, found.tenant) == (cast.org_member, cast.acme)
    assert {(one.tenant_id, one.organization_id, one.role) for one in found.memberships} == {
        (cast.acme.pk, None, "member"),
        (cast.acme.pk, cast.tnt.pk, "member"),
    }
    with isolation.as_tenant(cast.acme.pk):
        members.make_owner(scope=cast.at_org, user=cast.org_member, by=cast.org_owner)
    again = sign_in(text)
    assert again
    assert "owner" in {one.role for one in again.memberships}


def test_signing_in_takes_two_statements_and_writes_its_use_once_a_minute(cast: Cast) -> None:
    text, now = make(cast.reader, cast.acme), timezone.now()
    taken = []
    for later in (0, 59, 60):
        with CaptureQueriesContext(connection) as queries:
            assert sign_in(text, now=now + timedelta(seconds=later))
        statements = [each["sql"] for each in queries if "_token" in each["sql"] or "_membership" in each["sql"]]
        taken.append(len(statements))
    assert taken == [3, 2, 3]
    assert row_of(text, cast.acme).last_used_at == now + timedelta(seconds=60)
    assert row_of(text, cast.acme).version == 1  # being used is no change


def test_nothing_is_kept_of_a_token_but_its_hash_and_last_four(cast: Cast) -> None:
    text = make(cast.reader, cast.acme)
    public_id, _, secret = text.rpartition("_")
    stored = everything_that_is_stored(cast.acme)
    assert public_id in stored
    assert token_hash(text) in stored
    assert len(secret) == 40
    assert secret not in stored
    assert row_of(text, cast.acme).last4 == secret[-4:]


def test_what_is_done_with_a_token_is_recorded_without_its_title(cast: Cast) -> None:
    text = make(cast.reader, cast.acme)
    token = row_of(text, cast.acme)
    with isolation.as_tenant(cast.acme.pk):
        for _ in range(2):
            tokens.change(token=token, title="Another", is_active=False, by=cast.reader)
        for _ in range(2):
            tokens.delete(token=token, by=cast.tenant_owner)
        events = list(AuditEvent.objects.filter(object_kind="token").order_by("pk"))
    assert [(event.action, event.actor_id) for event in events] == [
        ("token.created", cast.reader.pk),
        ("token.changed", cast.reader.pk),
        ("token.deleted", cast.tenant_owner.pk),
    ]
    assert {event.object_label for event in events} == {f"…{text[-4:]}"}
    assert {event.details["of"] for event in events} == {"reader@example.com"}
    assert "Another" not in str([event.details for event in events])


def leave(cast: Cast, _text: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        members.leave(scope=cast.at_tenant, member=Membership.objects.get(user=cast.reader, **cast.at_tenant.keys))


def remove_and_add_again(cast: Cast, _text: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        member = Membership.objects.get(user=cast.reader, **cast.at_tenant.keys)
        members.remove_member(scope=cast.at_tenant, member=member, by=cast.tenant_owner)
        members.add_member(scope=cast.at_tenant, user=cast.reader, role=Role.MEMBER, by=cast.tenant_owner)


def reset(cast: Cast, _text: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        assert tokens.void_all(tenant=cast.acme, by=cast.tenant_owner, now=timezone.now()) == 1


def reset_while_it_was_made(cast: Cast, _text: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Tenant.objects.filter(pk=cast.acme.pk).update(tokens_valid_from=timezone.now())


def delete(cast: Cast, text: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        tokens.delete(token=row_of(text, cast.acme), by=cast.reader)


def deactivate(cast: Cast, text: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        tokens.change(token=row_of(text, cast.acme), title="x", is_active=False, by=cast.reader)


def lock_person_out(cast: Cast, _text: str) -> None:
    User.objects.filter(pk=cast.reader.pk).update(is_active=False)


def deactivate_person_for_a_while(cast: Cast, _text: str) -> None:
    accounts.deactivate(person=cast.reader, by=cast.stranger)
    accounts.reactivate(person=cast.reader, by=cast.stranger)


def erase_person(cast: Cast, _text: str) -> None:
    accounts.erase(person=cast.reader, by=cast.stranger, now=timezone.now())


def reset_second_factor(cast: Cast, _text: str) -> None:
    accounts.reset_second_factor(person=cast.reader, by=cast.stranger)


def set_address(cast: Cast, _text: str) -> None:
    accounts.set_address(person=cast.reader, email="other@example.com", by=cast.stranger)


ENDS = (
    leave,
    remove_and_add_again,
    reset,
    delete,
    deactivate_person_for_a_while,
    erase_person,
    reset_second_factor,
    set_address,
)


@pytest.mark.parametrize("act", [*ENDS, reset_while_it_was_made, deactivate, lock_person_out])
def test_a_token_that_has_ended_signs_nobody_in(cast: Cast, act: Callable[[Cast, str], None]) -> None:
    text, others = make(cast.reader, cast.acme), make(cast.stranger, cast.globex)
    assert sign_in(text)
    act(cast, text)
    assert sign_in(text) is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.user_id', true), current_setting('app.tenant_id', true)")
        assert cursor.fetchone() == ("", "")
    with isolation.as_tenant(cast.acme.pk):
        assert Token.objects.exists() == (act not in ENDS)
    assert sign_in(others)


@pytest.mark.parametrize("act", [delete, deactivate])
def test_a_token_that_ends_while_a_body_is_read_signs_nobody_in(cast: Cast, act: Callable[[Cast, str], None]) -> None:
    text = make(cast.reader, cast.acme)
    found = tokens.find(text, now=timezone.now())
    assert found
    act(cast, text)
    with isolation.bound(user_id=found.user_id, tenant_id=found.tenant_id):
        assert tokens.whom(found) is None


def test_leaving_the_last_organization_ends_it_where_nobody_notices_the_tenant(cast: Cast) -> None:
    scope = Scope(cast.globex, cast.globex_org)
    with isolation.as_tenant(cast.globex.pk):
        member = factories.member(scope, cast.reader, Role.MEMBER)
        text = factories.token(cast.reader, cast.globex)
    assert sign_in(text)
    with isolation.as_tenant(cast.globex.pk):
        members.leave(scope=scope, member=member)
    assert sign_in(text) is None


def test_unknown_texts_sign_nobody_in(cast: Cast) -> None:
    text = make(cast.reader, cast.acme)
    for unknown in ("", "tpt_", text[:-1], text + "x", text.upper(), text.rpartition("_")[0], token_hash(text)):
        assert sign_in(unknown) is None


def test_a_token_is_over_when_its_time_is(cast: Cast) -> None:
    now = timezone.now()
    text = make(cast.reader, cast.acme, expires_at=now + timedelta(days=1))
    assert sign_in(text, now=now + timedelta(hours=23, minutes=59))
    assert sign_in(text, now=now + timedelta(days=1)) is None
    states = [tokens.state_of(row_of(text, cast.acme), now=now + timedelta(days=days)) for days in (0, 1)]
    assert states == ["active", "over"]


def test_only_members_have_tokens_and_five_at_most(cast: Cast) -> None:
    with pytest.raises(Membership.DoesNotExist):
        make(cast.stranger, cast.acme)
    for _ in range(tokens.LIMIT):
        make(cast.reader, cast.acme)
    with pytest.raises(tokens.TooManyTokensError, match="reader has 5 tokens in acme, which is the most"):
        make(cast.reader, cast.acme)
    assert make(cast.operator, cast.acme)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("there", "newest"), [(tokens.LIMIT - 1, None), (0, 0)], ids=["sixth", "same form"])
def test_of_two_that_are_made_at_once_one_is_refused(there: int, newest: int | None) -> None:
    cast = make_cast()
    for _ in range(there):
        make(cast.reader, cast.acme)
    person, tenant, now = cast.reader, cast.acme, timezone.now()

    def another() -> bool:
        try:
            with isolation.as_tenant(cast.acme.pk):
                tokens.make(
                    user=person, tenant=tenant, title="Twice", expires_at=None, by=person, now=now, newest=newest
                )
        except (tokens.TooManyTokensError, tokens.MadeMeanwhileError):
            return False
        return True

    member = Membership.objects.filter(user=cast.reader, **cast.at_tenant.keys)
    assert sorted(meeting(member, another, another, tenant_id=cast.acme.pk)) == [False, True]


def test_the_longest_life_of_a_tenant_holds_for_new_tokens(cast: Cast) -> None:
    now = timezone.now()
    old = make(cast.reader, cast.acme)
    with isolation.as_tenant(cast.acme.pk):
        tokens.set_longest_life(tenant=cast.acme, days=30, by=cast.tenant_owner)
        event = AuditEvent.objects.get(action="tenant.token_life_changed")
        cast.acme.refresh_from_db()
    assert (event.details["before"], event.details["after"]) == ({"days": None}, {"days": 30})
    for too_late in (None, now + timedelta(days=31)):
        with pytest.raises(tokens.TokenLifeError, match="Tokens of acme are good for 30 days at most"):
            make(cast.reader, cast.acme, expires_at=too_late)
    assert make(cast.reader, cast.acme, expires_at=now + timedelta(days=30))
    assert sign_in(old)
