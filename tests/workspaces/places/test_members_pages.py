"""The People tab, as each person uses it."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Invitation, Membership, Role, User
from workspaces.places import members as people


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def member(cast: Cast, scope: Scope, user: User) -> Membership:
    with isolation.as_tenant(cast.acme.pk):
        return people.members_of(scope).get(user=user)


def role_of(cast: Cast, scope: Scope, user: User) -> str | None:
    with isolation.as_tenant(cast.acme.pk):
        return people.members_of(scope).filter(user=user).values_list("role", flat=True).first()


def test_an_org_member_sees_who_is_in_the_organization_and_can_change_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.org_member)
    text = page(client, cast.at_org.url("people"))
    for person in (cast.org_owner, cast.org_member, cast.workspace_owner, cast.reader):
        assert person.email in text
    assert "tenant-member@example.com" not in text
    assert "Add People" not in text
    assert "<select" not in text
    assert "Remove" in text  # the heading of the column, for screen readers
    assert 'aria-label="Remove' not in text
    assert 'aria-label="Leave acme/tnt"' in text


def test_a_reader_sees_who_is_in_the_workspace(cast: Cast, client: Client) -> None:
    client.force_login(cast.reader)
    text = page(client, cast.at_workspace.url("people"))
    assert "operator@example.com" in text
    assert "org-member@example.com" not in text
    assert "Owners of tnt and of acme are owners here too" in text


def test_only_owners_see_who_is_invited(cast: Cast, as_org_owner: Client) -> None:
    as_org_owner.post(cast.at_org.url("person_add"), {"who": "guest@example.com", "role": "member"})
    assert "guest@example.com" in page(as_org_owner, cast.at_org.url("people"))
    as_org_owner.force_login(cast.org_member)
    assert "guest@example.com" not in page(as_org_owner, cast.at_org.url("people"))


def test_people_are_found_by_handle_name_or_email_and_the_filter_is_in_the_url(
    cast: Cast, as_org_owner: Client
) -> None:
    cast.reader.name = "Ramona Quimby"
    cast.reader.save()
    for text in ("reader", "QUIMBY", "reader@exam"):
        found = page(as_org_owner, f"{cast.at_org.url('people')}?q={text}")
        assert "reader@example.com" in found
        assert "org-member@example.com" not in found
        assert f'value="{text}"' in found
    assert "Nobody here matches this search." in page(as_org_owner, f"{cast.at_org.url('people')}?q=zzz")


def test_a_search_for_what_no_text_can_hold_is_no_error(as_org_owner: Client) -> None:
    people = as_org_owner.get("/tenants/acme/orgs/tnt/people/", {"q": "\x00reader"})
    switcher = as_org_owner.get("/tenants/", {"from": "\x00acme"})
    assert (people.status_code, switcher.status_code) == (200, 200)


def test_the_search_refreshes_the_list_only(cast: Cast, as_org_owner: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "list"}
    text = as_org_owner.get(f"{cast.at_org.url('people')}?q=reader", headers=headers).content.decode()
    assert text.strip().startswith('<div id="list"')
    assert "reader@example.com" in text
    assert "<html" not in text


@pytest.mark.parametrize("who", ["tenant-member", "Tenant-Member@Example.com"])
def test_somebody_of_the_tenant_is_added_at_once(cast: Cast, as_org_owner: Client, who: str) -> None:
    response = as_org_owner.post(cast.at_org.url("person_add"), {"who": who, "role": "owner"}, follow=True)
    assert "Added tenant-member to acme/tnt as Owner." in response.content.decode()
    assert role_of(cast, cast.at_org, cast.tenant_member) == Role.OWNER
    with isolation.as_tenant(cast.acme.pk):
        assert not Invitation.objects.exists()
        event = AuditEvent.objects.order_by("-id")[0]
    assert (event.action, event.remote_address) == ("member.added", "127.0.0.1")


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("", "Enter a handle or an email."),
        ("nobody", "Nobody in acme has the handle “nobody”."),
        ("stranger", "Nobody in acme has the handle “stranger”."),
        ("half@", "“half@” is not a complete email address."),
        ("reader", "reader is already in acme/tnt as Member."),
        ("org-owner@example.com", "org-owner is already in acme/tnt as Owner."),
    ],
)
def test_who_cannot_be_added_is_said_beside_the_field(
    cast: Cast, as_org_owner: Client, who: str, sentence: str
) -> None:
    response = as_org_owner.post(cast.at_org.url("person_add"), {"who": who, "role": "member"})
    assert response.status_code == 200
    assert sentence in response.content.decode()
    with isolation.as_tenant(cast.acme.pk):
        assert not Invitation.objects.exists()


def test_nothing_tells_whether_a_strangers_email_has_an_account(cast: Cast, as_org_owner: Client) -> None:
    pages = []
    for email in (cast.stranger.email, "nobody@example.com"):
        response = as_org_owner.post(cast.at_org.url("person_add"), {"who": email, "role": "member"}, follow=True)
        invited = response.content.decode().partition('id="invitations"')[2]
        pages.append(re.sub(r'value="\w{64}"|invitations/\d+/|<time [^>]*>', "", invited.replace(email, "EMAIL")))
        with isolation.as_tenant(cast.acme.pk):
            Invitation.objects.all().delete()
    assert "EMAIL" in pages[0]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("role", ["reader", "operator", "king", ""])
def test_a_role_of_another_level_is_refused(cast: Cast, as_org_owner: Client, role: str) -> None:
    response = as_org_owner.post(cast.at_org.url("person_add"), {"who": "tenant-member", "role": role})
    assert response.status_code == 200
    url = cast.at_org.url("person_role", member=member(cast, cast.at_org, cast.reader).pk)
    changed = as_org_owner.post(url, {"role": role}, follow=True)
    assert "Choose one of the roles for reader: nothing was changed." in changed.content.decode()
    assert role_of(cast, cast.at_org, cast.tenant_member) is None
    assert role_of(cast, cast.at_org, cast.reader) == Role.MEMBER


def test_an_owner_changes_a_role_without_script(cast: Cast, client: Client) -> None:
    client.force_login(cast.workspace_owner)
    url = cast.at_workspace.url("person_role", member=member(cast, cast.at_workspace, cast.reader).pk)
    assert f'action="{url}"' in page(client, cast.at_workspace.url("people"))
    response = client.post(url, {"role": "operator"}, follow=True)
    assert "reader is now Operator of acme/tnt/fireworks." in response.content.decode()


def test_the_only_owner_is_shown_as_such_and_why_nothing_can_be_done(cast: Cast, as_org_owner: Client) -> None:
    assert "(the only one)" in page(as_org_owner, cast.at_org.url("people"))
    own = member(cast, cast.at_org, cast.org_owner)
    sentence = "org-owner is the only active owner of acme/tnt. Make somebody else an owner first."
    leave = page(as_org_owner, cast.at_org.url("people_leave"))
    assert sentence in leave
    assert "button-danger" not in leave
    for url, data in (
        (cast.at_org.url("people_leave"), {}),
        (cast.at_org.url("person_remove", member=own.pk), {}),
        (cast.at_org.url("person_role", member=own.pk), {"role": "member"}),
    ):
        client_page = as_org_owner.post(url, data)
        assert client_page.status_code == 302
        assert sentence in page(as_org_owner, cast.at_org.url("people"))
    assert role_of(cast, cast.at_org, cast.org_owner) == Role.OWNER


def test_before_somebody_is_removed_the_page_says_what_they_lose(cast: Cast, as_org_owner: Client) -> None:
    url = cast.at_org.url("person_remove", member=member(cast, cast.at_org, cast.workspace_owner).pk)
    text = page(as_org_owner, url)
    assert "Remove <bdi>workspace-owner</bdi> from acme/tnt?" in text
    assert "acme/tnt/fireworks" in text
    assert 'id="dialog-content"' in text
    assert role_of(cast, cast.at_org, cast.workspace_owner) == Role.MEMBER
    response = as_org_owner.post(url, follow=True)
    assert "Removed workspace-owner from acme/tnt." in response.content.decode()
    assert role_of(cast, cast.at_org, cast.workspace_owner) is None
    assert role_of(cast, cast.at_workspace, cast.workspace_owner) is None
    assert as_org_owner.post(url).status_code == 404


def test_an_owner_of_an_outer_place_is_told_to_stay_one(cast: Cast, as_tenant_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        people.join(cast.org_owner, Scope(cast.acme, cast.ops), Role.OWNER)
        own = people.members_of(Scope(cast.acme, cast.ops)).get(user=cast.tenant_owner)
    text = page(as_tenant_owner, Scope(cast.acme, cast.ops).url("person_remove", member=own.pk))
    assert "You stay" in text


def test_a_member_leaves_and_may_not_enter_any_more(cast: Cast, client: Client) -> None:
    client.force_login(cast.reader)
    assert "Leave acme/tnt?" in page(client, cast.at_org.url("people_leave"))
    response = client.post(cast.at_org.url("people_leave"), follow=True)
    assert "You have left acme/tnt." in response.content.decode()
    assert client.get(cast.at_org.url("people")).status_code == 404
    assert client.get(cast.at_workspace.url("people")).status_code == 404


def test_a_tenant_member_leaves_the_tenant_from_its_home(cast: Cast, client: Client) -> None:
    client.force_login(cast.tenant_member)
    url = cast.at_tenant.url("people_leave")
    assert f'href="{url}"' in page(client, cast.at_tenant.url("tenant_home"))
    assert cast.at_tenant.url("tenant_home") in page(client, url)
    assert client.post(url).status_code == 302
    assert client.get(cast.at_tenant.url("tenant_home")).status_code == 404


def test_an_owner_who_steps_down_is_taken_somewhere_they_may_be(cast: Cast, as_tenant_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        other = people.members_of(cast.at_tenant).get(user=cast.tenant_member)
        people.change_role(scope=cast.at_tenant, member=other, role=Role.OWNER, by=cast.tenant_owner)
    own = member(cast, cast.at_tenant, cast.tenant_owner)
    response = as_tenant_owner.post(cast.at_tenant.url("person_role", member=own.pk), {"role": "member"}, follow=True)
    assert response.status_code == 200
    assert "tenant-owner is now Member of acme." in response.content.decode()


def test_a_member_of_another_place_is_not_found_below_this_one(cast: Cast, as_org_owner: Client) -> None:
    elsewhere = member(cast, cast.at_workspace, cast.reader).pk
    above = member(cast, cast.at_tenant, cast.tenant_member).pk
    with isolation.as_tenant(cast.globex.pk):
        foreign = Membership.objects.get(user=cast.stranger, organization=None).pk
    for pk in (elsewhere, above, foreign):
        assert as_org_owner.get(cast.at_org.url("person_remove", member=pk)).status_code == 404
        assert as_org_owner.post(cast.at_org.url("person_remove", member=pk)).status_code == 404
        assert as_org_owner.post(cast.at_org.url("person_role", member=pk), {"role": "member"}).status_code == 404


def test_the_list_takes_as_many_queries_for_forty_people_as_for_five(cast: Cast, as_org_owner: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(as_org_owner, cast.at_org.url("people"))
        return len(queries)

    page(as_org_owner, cast.at_org.url("people"))
    before = count()
    for number in range(40):
        user = factories.user(f"p{number}")
        with isolation.as_tenant(cast.acme.pk):
            people.add_member(scope=cast.at_org, user=user, role=Role.OWNER, by=cast.org_owner)
    assert count() == before
