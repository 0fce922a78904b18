"""People → Service accounts: made, given tokens, changed and deleted by owners of their place, and by nobody else."""

import re
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.conftest import Cast
from tests.programs import Program, ProgramOf
from tests.workspaces.people.test_token_pages import page_of, proved, set_longest_life, text_on
from tests.workspaces.sign_in.signing_in import told
from workspaces import isolation
from workspaces.models import Token, User
from workspaces.places import members

FORM = {"title": "Pipeline", "expires": "30", "newest": "0"}


def only_account(cast: Cast) -> User:
    with isolation.as_tenant(cast.acme.pk):
        return User.objects.exclude(service_tenant=None).get()


def newest(cast: Cast) -> dict[str, str]:
    with isolation.as_tenant(cast.acme.pk):
        found = Token.objects.order_by("-pk").first()
        return {"newest": str(found.pk if found else 0)}


@pytest.mark.parametrize("level", ["tenant", "org"])
def test_an_owner_makes_one_with_two_tokens_and_deletes_it(level: str, cast: Cast) -> None:
    scope, owner = (cast.at_tenant, cast.tenant_owner) if level == "tenant" else (cast.at_org, cast.org_owner)
    client, home = proved(owner), scope.url("service_accounts")
    empty = page_of(client.get(home))
    assert "There are no service accounts here" in empty
    assert empty.count("button-go") == 1
    assert "Enter a title." in page_of(client.post(f"{home}new/", {"title": " "}))
    assert "Write the title in one line" in page_of(client.post(f"{home}new/", {"title": "moc\u202egpj"}))
    made = client.post(f"{home}new/", {"title": "Nightly <deploy>", "description": "Ask Ops."})
    account = only_account(cast)
    page = scope.url("service_account", account=account.pk)
    assert made["Location"] == page
    shown = page_of(client.get(page))
    assert "<bdi>Nightly &lt;deploy&gt;</bdi>" in shown
    assert "It has no token yet" in shown

    mail.outbox.clear()
    new = f"{page}tokens/new/"
    text = text_on(client.post(new, FORM))
    assert "This form has made a token already" in page_of(client.post(new, FORM))
    assert text_on(client.post(new, FORM | newest(cast))) != text
    third = page_of(client.post(new, FORM | newest(cast)))
    assert "has 2 tokens in acme, which is the most" in third
    assert mail.outbox == []
    shown = page_of(client.get(page))
    assert "Delete one to make another." in shown
    assert text.rpartition("_")[2] not in shown
    assert f"…{text[-4:]}" in shown
    assert Program(text).get("/actor")["id"] == account.public_id
    assert re.search(r"2 of 2.*just now", page_of(client.get(home)), re.DOTALL)

    with isolation.as_tenant(cast.acme.pk):
        first = Token.objects.order_by("pk").first()
    assert first
    own = f"{page}tokens/{first.pk}/"
    assert client.post(own, {"title": "Pipeline"})["Location"] == page  # not active
    assert Program(text)("GET", "/actor").status_code == 401
    client.post(own, {"title": "Pipeline", "is_active": "on"})
    assert Program(text)("GET", "/actor").status_code == 200
    assert client.post(f"{own}delete/")["Location"] == page
    assert Program(text)("GET", "/actor").status_code == 401

    with isolation.as_tenant(cast.acme.pk):
        member = members.members_of(scope).get(user=account)
    asked = page_of(client.get(scope.url("person_remove", member=member.pk)))
    assert "stays where it belongs. Delete it instead." in asked
    assert "button-danger" not in asked
    refused = page_of(client.post(f"{page}delete/", {"handle": "nightly"}))
    assert f"This is not {account.handle}" in refused
    assert '<strong class="number">1</strong> token' in refused
    assert client.post(f"{page}delete/", {"handle": account.handle})["Location"] == home
    assert client.get(page).status_code == 404
    assert "There are no service accounts here" in page_of(client.get(home))
    assert told(cast.acme, ["service_account."]) == ["service_account.created", "service_account.deleted"]
    log = page_of(client.get(scope.url("audit_log")))
    assert "<bdi>service account Nightly &lt;deploy&gt;</bdi>" in log
    assert "of service account Nightly &lt;deploy&gt;" in log


def test_a_token_needs_the_owners_password_and_the_tenants_longest_life(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        account = factories.service_account(cast.at_org, by=cast.org_owner)
    new = cast.at_org.url("service_token_create", account=account.pk)
    late = Client()
    late.force_login(cast.org_owner)
    asked = late.post(new, FORM)
    assert asked["Location"].startswith("/account/reauthenticate/?next=")
    assert "title%3DPipeline" in asked["Location"]
    client = proved(cast.org_owner)
    set_longest_life(cast.acme, 7)
    assert 'value="365"' not in page_of(client.get(new))
    assert "good for 7 days at most" in page_of(client.post(new, FORM | {"expires": "never"}))
    assert text_on(client.post(new, FORM | {"expires": "7"}))


def test_owners_of_an_organization_have_nothing_to_do_with_others(cast: Cast, program: ProgramOf) -> None:
    with isolation.as_tenant(cast.acme.pk):
        wide = factories.service_account(cast.at_tenant, by=cast.tenant_owner)
        inner = factories.service_account(cast.at_org, by=cast.tenant_owner)
        factories.token(wide, cast.acme)
        token = Token.objects.get()
    member, client = Client(), proved(cast.org_owner)
    member.force_login(cast.org_member)
    people = page_of(member.get(cast.at_org.url("people")))
    assert ("Service accounts" in people, ">Service account<" in people) == (False, True)
    assert client.get(cast.at_tenant.url("service_account", account=wide.pk)).status_code == 403
    for name, values in (
        ("service_account", {}),
        ("service_account_delete", {}),
        ("service_token_create", {}),
        ("service_token_delete", {"service_token": token.pk}),
    ):
        assert client.post(cast.at_org.url(name, account=wide.pk, **values)).status_code == 404, name
    beside = cast.at_org.url("service_token_delete", account=inner.pk, service_token=token.pk)
    assert client.post(beside).status_code == 404
    theirs, ours = program(cast.org_owner), program(cast.tenant_owner)
    for name in (wide.public_id, wide.handle, cast.reader.public_id, "u_00000000000000000000"):
        assert theirs("GET", f"/org/tnt/service_account/{name}").status_code == 404
        assert theirs("DELETE", f"/org/tnt/service_account/{name}").status_code == 404
    assert theirs("GET", f"/service_account/{wide.public_id}").status_code == 403
    assert ours("GET", f"/service_account/{inner.public_id}").status_code == 404
    assert ours("GET", f"/org/tnt/service_account/{inner.public_id}").status_code == 200
    stranger = program(cast.stranger, cast.globex)
    for path in ("/service_account", "/tenant/globex/service_account"):
        assert stranger.get(path)["items"] == []
        assert stranger("GET", f"{path}/{wide.public_id}").status_code == 404
    assert stranger("GET", f"/tenant/acme/service_account/{wide.public_id}").status_code == 404


@pytest.mark.parametrize("base", ["/service_account", "/tenant/acme/service_account", "/org/tnt/service_account"])
def test_programs_make_change_and_delete_them(base: str, cast: Cast, program: ProgramOf) -> None:
    ours = program(cast.tenant_owner)
    bare = ours("POST", base, {})
    assert (bare.status_code, bare.json()["title"], bare.json()["description"]) == (201, "", "")
    made: Any = ours("POST", base, {"title": "CI", "description": "Builds"}).json()
    one = f"{base}/{made['id']}"
    assert (made["display_name"], made["title"], made["tenant_id"]) == ("CI", "CI", cast.acme.public_id)
    assert "title" not in ours.get("/actor")
    changed = ours("PATCH", one, {"description": ""}, **{"If-Match": str(made["version_id"])}).json()
    assert (changed["title"], changed["description"], changed["version_id"]) == ("CI", "", made["version_id"] + 1)
    assert ours("PATCH", one, {"title": "X"}, **{"If-Match": str(made["version_id"])}).status_code == 412
    assert [each["id"] for each in ours.get(base)["items"]] == [bare.json()["id"], made["id"]]
    for method, path in (("POST", base), ("PATCH", one)):
        for title in (" ", "a\nb", "moc\u202egpj", "x" * 101):
            refused = ours(method, path, {"title": title})
            assert (refused.status_code, refused.json()["validation_errors"][0]["location"]) == (400, "title"), title
    assert ours("PATCH", one, {"title": "", "description": " Builds\nall "}).json()["title"] == "CI"
    assert ours("PATCH", f"{base}/{bare.json()['id']}", {"description": "Bare"}).json()["title"] == ""
    # What is said of it is for those who own the place; who meets it elsewhere sees its title.
    assert [each["description"] for each in ours.get(base)["items"]] == ["Bare", "Builds\nall"]
    assert ours.get(one)["description"] == "Builds\nall"
    met = program(cast.tenant_member).get(f"/user/{made['id']}")
    assert (met["title"], "description" in met) == ("CI", False)

    token = ours("POST", f"{one}/token", {"title": "a", "expiration": 3600}).json()
    assert Program(token["token"]).get("/actor")["id"] == made["id"]
    assert (token["title"], token["user_id"]) == ("a", made["id"])
    assert ours("POST", f"{one}/token").status_code == 201
    assert ours("POST", f"{one}/token", {"title": "c"}).status_code == 409
    assert [each["title"] for each in ours.get(f"{one}/token")["items"]] == ["a", ""]
    assert ours("PATCH", f"{one}/token/{token['id']}", {"status": "inactive"}).json()["status"] == "inactive"
    assert Program(token["token"])("GET", "/actor").status_code == 401
    assert ours("DELETE", f"{one}/token/{token['id']}").status_code == 200
    assert ours("GET", f"{one}/token/{token['id']}").status_code == 404

    gone = ours("DELETE", one)
    assert (gone.status_code, gone.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert ours(method, one).status_code == 404


def test_a_list_asks_as_often_for_two_as_for_many(cast: Cast, client: Client) -> None:
    client.force_login(cast.tenant_owner)
    asked = []
    for number in (2, 30):
        with isolation.as_tenant(cast.acme.pk):
            for each in range(number):
                account = factories.service_account(cast.at_tenant, f"Number {number}-{each}", by=cast.tenant_owner)
                factories.token(account, cast.acme)
        for name in ("service_accounts", "people", "tenant_tokens"):
            client.get(cast.at_tenant.url(name))
            with CaptureQueriesContext(connection) as queries:
                assert client.get(cast.at_tenant.url(name)).status_code == 200
            asked.append(len(queries))
    assert asked[:3] == asked[3:]
    assert asked[0] <= 12
