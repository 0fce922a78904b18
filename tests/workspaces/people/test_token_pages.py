"""The pages of tokens: one's own at Profile → Tokens, everybody's at People → Tokens for a tenant's owners."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.conftest import Cast
from tests.workspaces.sign_in.signing_in import enter_code, prove, sign_in, told, turn_on_second_factor
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Membership, Role, Tenant, Token, User
from workspaces.models.token import token_hash
from workspaces.people import support_access, tokens

LIST, NEW = "/profile/tokens/", "/profile/tokens/new/"
PROOF = "/account/reauthenticate/?next="
FORM = {"title": "Nightly job", "tenant": "acme", "expires": "30", "newest": "0"}


def proved(person: User) -> Client:
    """A browser in which somebody has just entered their password again."""
    client = Client()
    sign_in(client, person)
    prove(client)
    return client


def page_of(response: Any) -> str:
    return str(response.content.decode())


def text_on(response: Any) -> str:
    found = set(re.findall(r"tpt_[0-9a-f]{20}_\w{40}", page_of(response)))
    assert len(found) == 1
    return str(found.pop())


def own(person: User, tenant: Tenant) -> list[Token]:
    with isolation.as_tenant(tenant.pk):
        return list(Token.objects.filter(user=person).order_by("pk"))


def make(person: User, tenant: Tenant, title: str = "Program", expires_at: datetime | None = None) -> Token:
    with isolation.as_tenant(tenant.pk):
        text = factories.token(person, tenant, title, expires_at=expires_at)
        return Token.objects.get(secret_hash=token_hash(text))


def set_longest_life(tenant: Tenant, days: int) -> None:
    with isolation.as_tenant(tenant.pk):
        Tenant.objects.filter(pk=tenant.pk).update(token_max_days=days)


def test_a_token_is_made_with_the_password_and_shown_once(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    client = Client()
    sign_in(client, cast.reader)
    asked = client.post(NEW, FORM)
    assert asked["Location"].startswith(PROOF)
    assert not own(cast.reader, cast.acme)
    back = client.post(asked["Location"], {"password": factories.PASSWORD})["Location"]
    shown = page_of(client.get(back))
    assert 'value="Nightly job"' in shown  # what was typed is still there

    mail.outbox.clear()
    made = client.post(NEW, FORM)
    text = text_on(made)
    assert (made.status_code, "no-store" in made["Cache-Control"]) == (200, True)
    page = page_of(made)
    assert "no page shows it again" in page
    assert f'data-copy="{text}"' in page
    assert f"curl -H &quot;Authorization: Bearer {text}&quot; \\\n  http" in page
    (token,) = own(cast.reader, cast.acme)
    assert (token.title, token.secret_hash, token.created_by_id) == ("Nightly job", token_hash(text), cast.reader.pk)
    assert token.expires_at is not None
    assert abs(token.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)

    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["reader@example.com"], "A token was made for your account on Pipes")
    assert f"ends in …{text[-4:]}" in letter.body
    assert told(cast.acme, ["token."]) == ["token.created"]

    secret = text.rpartition("_")[2]
    listed = page_of(client.get(LIST))
    assert f"…{text[-4:]}" in listed
    assert secret not in listed + str(letter.message()) + str(dict(client.session)) + caplog.text
    again = client.post(NEW, FORM)  # as loading the answer again does
    assert "This form has made a token already" in page_of(again)
    assert secret not in page_of(again)
    assert len(own(cast.reader, cast.acme)) == 1
    newest = {"newest": str(token.pk)}
    assert f'name="newest" value="{token.pk}"' in page_of(again)
    assert text_on(client.post(NEW, FORM | newest)) != text


def test_an_email_is_sent_of_a_token_that_a_token_has_made(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        text = factories.token(cast.reader, cast.acme)
    made = Client().post(
        "/api/latest/user/reader/token",
        {},
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}"},
    )
    assert made.status_code in (200, 201)
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        (["reader@example.com"], "A token was made for your account on Pipes")
    ]
    assert made.json()["token"][-4:] in mail.outbox[0].body
    assert made.json()["token"] not in str(mail.outbox[0].message())


def test_a_code_is_asked_for_where_there_is_a_second_factor(cast: Cast) -> None:
    client = proved(cast.reader)
    secret = turn_on_second_factor(client)
    client.post(reverse("account_logout"))
    sign_in(client, cast.reader)
    enter_code(client, "mfa_authenticate", secret)
    asked = client.get(client.get(NEW)["Location"])
    assert asked["Location"].startswith(reverse("mfa_reauthenticate"))
    client.post(reverse("account_reauthenticate"), {"password": factories.PASSWORD})
    assert client.post(NEW, FORM)["Location"].startswith(PROOF)
    enter_code(client, "mfa_reauthenticate", secret)
    assert text_on(client.post(NEW, FORM))


def test_what_the_longest_life_forbids_is_not_offered_and_refused(cast: Cast) -> None:
    with isolation.as_tenant(cast.globex.pk):
        factories.member(Scope(cast.globex), cast.reader, Role.MEMBER)
    set_longest_life(cast.globex, 45)
    client = proved(cast.reader)

    def offered(page: str) -> list[str]:
        return re.findall(r'name="expires" value="(\w+)"', page)

    assert offered(page_of(client.get(f"{NEW}?tenant=acme"))) == ["7", "30", "90", "365", "never", "day"]
    from_globex = page_of(client.get(f"{NEW}?tenant=globex"))
    assert '<option value="globex" selected>' in from_globex
    assert offered(from_globex) == ["7", "30", "45", "day"]
    asks = {"HX-Request": "true", "HX-Target": "expiry"}
    part = page_of(client.get(NEW, {"tenant": "globex", "expires": "never"}, headers=asks))
    assert (offered(part), "<html" in part) == (["7", "30", "45", "day"], False)

    in_globex, sentence = FORM | {"tenant": "globex"}, "Tokens of globex are good for 45 days at most."
    today = datetime.now(UTC).date()
    for too_long in ({"expires": "90"}, {"expires": "never"}, {"expires": "day", "day": today + timedelta(days=46)}):
        page = page_of(client.post(NEW, in_globex | too_long))
        field = re.search(
            rf'data-field-status="id_{"day" if "day" in too_long else "expires"}".*?</div>', page, re.DOTALL
        )
        assert field
        assert sentence in field[0]
    assert not own(cast.reader, cast.globex)
    last = in_globex | {"expires": "day", "day": str(today + timedelta(days=45))}
    assert text_on(client.post(NEW, last))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"title": ""}, "Enter a title."),
        ({"tenant": "globex"}, "Choose one of your tenants."),
        ({"expires": ""}, "Choose when it expires."),
        ({"expires": "12"}, "Choose one of these."),
        ({"expires": "day"}, "Choose the last day on which it is to be good."),
        ({"expires": "day", "day": "2020-01-01"}, "This day is over."),
        ({"expires": "day", "day": "9999-12-31"}, "This is more than ten years from now."),
        ({"expires": "day", "day": "soon"}, "Choose a day, as 2030-12-31."),
        ({"newest": "x"}, "this form is not complete"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(cast: Cast, wrong: dict[str, str], sentence: str) -> None:
    assert sentence in page_of(proved(cast.reader).post(NEW, FORM | wrong))
    assert not own(cast.reader, cast.acme)


def test_a_day_of_ones_own_is_the_last_one_and_a_sixth_is_refused(cast: Cast) -> None:
    client, day = proved(cast.reader), datetime.now(UTC).date() + timedelta(days=3)
    assert text_on(client.post(NEW, FORM | {"expires": "day", "day": str(day)}))
    (token,) = own(cast.reader, cast.acme)
    assert token.expires_at == datetime.combine(day, time.max, UTC)
    for _ in range(tokens.LIMIT - 1):
        token = make(cast.reader, cast.acme)
    page = page_of(client.post(NEW, FORM | {"newest": str(token.pk)}))
    assert "reader has 5 tokens in acme, which is the most. Delete one of them first." in page


def test_one_s_own_tokens_are_listed_changed_and_deleted(cast: Cast) -> None:
    with isolation.as_tenant(cast.globex.pk):
        factories.member(Scope(cast.globex), cast.reader, Role.MEMBER)
    first = make(cast.reader, cast.acme, "First")
    make(cast.reader, cast.globex, "Elsewhere", expires_at=timezone.now() - timedelta(days=1))
    make(cast.operator, cast.acme, "Of somebody else")
    client = Client()
    client.force_login(cast.reader)
    page = page_of(client.get(LIST))
    assert "First" in page
    assert re.search(r'>globex<.*?<span class="chip chip-amber">over</span>', page, re.DOTALL)
    assert "Of somebody else" not in page

    client.post(f"{LIST}{first.pk}/", {"title": "Renamed"})
    page = page_of(client.get(LIST))
    assert "Renamed" in page
    assert '<span class="chip">inactive</span>' in page
    assert "never used" in page_of(client.get(f"{LIST}{first.pk}/delete/"))
    client.post(f"{LIST}{first.pk}/delete/")
    assert not own(cast.reader, cast.acme)
    assert told(cast.acme, ["token."])[-2:] == ["token.changed", "token.deleted"]


def test_nobody_finds_the_tokens_of_others(cast: Cast) -> None:
    theirs, elsewhere = make(cast.reader, cast.acme), make(cast.stranger, cast.globex)
    acme, globex = (Scope(tenant).url("tenant_tokens") for tenant in (cast.acme, cast.globex))
    answers = {
        "operator": [f"{LIST}{theirs.pk}/", f"{LIST}{theirs.pk}/delete/"],  # of the same workspace
        "tenant_owner": [f"{LIST}{theirs.pk}/", f"{acme}{elsewhere.pk}/end/", f"{globex}{elsewhere.pk}/end/"],
        "stranger": [f"{acme}{theirs.pk}/end/", f"{globex}{theirs.pk}/end/"],
    }
    for name, urls in answers.items():
        client = Client()
        client.force_login(getattr(cast, name))
        for url in urls:
            assert (url, client.get(url).status_code, client.post(url).status_code) == (url, 404, 404)
    client = Client()
    client.force_login(cast.reader)
    assert client.post(f"{acme}{theirs.pk}/end/").status_code == 403  # one's own, but this page is the owners'
    assert own(cast.reader, cast.acme)
    assert own(cast.stranger, cast.globex)


def test_owners_see_and_end_everybody_s_tokens(cast: Cast, as_tenant_owner: Client) -> None:
    url = cast.at_tenant.url("tenant_tokens")
    theirs = make(cast.reader, cast.acme, "Nightly")
    make(cast.stranger, cast.globex, "Elsewhere")
    assert url in page_of(as_tenant_owner.get(cast.at_tenant.url("people")))
    page = page_of(as_tenant_owner.get(url))
    assert "Nightly" in page
    assert "Elsewhere" not in page
    assert "Nightly" in page_of(as_tenant_owner.get(url, {"q": "READER"}))
    assert "No token here matches" in page_of(as_tenant_owner.get(url, {"q": "nowhere"}))
    assert "End the token" in page_of(as_tenant_owner.get(f"{url}{theirs.pk}/end/"))
    ended = page_of(as_tenant_owner.post(f"{url}{theirs.pk}/end/", follow=True))
    assert f"Ended the token …{theirs.last4} of reader." in ended
    assert not own(cast.reader, cast.acme)


def test_owners_set_the_longest_life_and_reset_authentication(cast: Cast, as_tenant_owner: Client) -> None:
    url = cast.at_tenant.url("tenant_tokens")
    for days, sentence in (
        ("0", "Enter one day or more"),
        ("x", "Enter a whole number of days"),
        ("90", "from now on are good for 90 days at most"),
        ("", "from now on are good for as long as anybody wants"),
    ):
        assert sentence in page_of(as_tenant_owner.post(url, {"days": days}, follow=True))
    for person in (cast.reader, cast.reader, cast.operator):
        make(person, cast.acme)
    make(cast.operator, cast.acme, expires_at=timezone.now() - timedelta(days=1))
    elsewhere = make(cast.stranger, cast.globex)
    asked = page_of(as_tenant_owner.get(f"{url}reset/"))
    assert "3 tokens of 2 people" in asked
    assert "1 other, inactive or over, goes too." in asked
    assert "4 tokens of acme ended." in page_of(as_tenant_owner.post(f"{url}reset/", follow=True))
    assert not own(cast.reader, cast.acme)
    assert own(cast.stranger, cast.globex) == [elsewhere]
    log = page_of(as_tenant_owner.get(cast.at_tenant.url("audit_log")))
    assert "ended all tokens of" in log


def test_the_pages_take_as_many_queries_for_many_tokens(cast: Cast, as_tenant_owner: Client) -> None:
    as_tenant_owner.get(LIST)
    taken = []
    for people in (("tenant_owner",), ("reader", "operator", "org_owner", "org_member")):
        for name in people:
            for _ in range(4):
                make(getattr(cast, name), cast.acme)
        for url in (LIST, cast.at_tenant.url("tenant_tokens"), f"{cast.at_tenant.url('tenant_tokens')}reset/"):
            with CaptureQueriesContext(connection) as queries:
                assert as_tenant_owner.get(url).status_code == 200
            taken.append(len(queries))
    assert taken[:3] == taken[3:]
    assert max(taken) <= 12


def test_an_operator_with_support_access_makes_no_token_there(cast: Cast, installer: User, as_operator: Client) -> None:
    support_access.begin(tenant=cast.acme, reason="Ticket 4711", by=installer, now=timezone.now())
    assert "Nobody has a token here" in page_of(as_operator.get(cast.at_tenant.url("tenant_tokens")))
    enter_code(as_operator, "mfa_reauthenticate", factories.TOTP_SECRET)
    assert 'value="acme"' not in page_of(as_operator.get(f"{NEW}?tenant=acme"))
    assert "Choose one of your tenants." in page_of(as_operator.post(NEW, FORM))
    assert not own(installer, cast.acme)


def test_who_removes_somebody_is_told_how_many_tokens_end(cast: Cast, as_tenant_owner: Client) -> None:
    for _ in range(2):
        make(cast.reader, cast.acme)
    with isolation.as_tenant(cast.acme.pk):
        member = Membership.objects.get(user=cast.reader, **cast.at_tenant.keys)
    page = page_of(as_tenant_owner.get(cast.at_tenant.url("person_remove", member=member.pk)))
    assert "2 tokens that they have here end" in page
    as_tenant_owner.post(cast.at_tenant.url("person_remove", member=member.pk))
    with isolation.as_tenant(cast.acme.pk):
        assert AuditEvent.objects.get(action="member.removed").details["ended_tokens"] == 2
