"""Every way to accept an invitation."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from tests import factories
from tests.conftest import Cast
from tests.workspaces.people.inviting import NEW, NEW_ACCOUNT, events, invite, link, role_of
from workspaces import isolation
from workspaces.models import Role, User
from workspaces.people import invitations
from workspaces.places import members


def test_somebody_signed_in_with_that_email_joins(cast: Cast, client: Client) -> None:
    letter = invite(cast, cast.at_workspace, email=cast.stranger.email, role=Role.OPERATOR)
    client.force_login(cast.stranger)
    page = client.get(link(letter))
    assert "Join acme/tnt/fireworks" in page.content.decode()
    assert role_of(cast, cast.stranger, cast.at_workspace) is None  # looking at the page is not accepting
    response = client.post(link(letter))
    assert response["Location"] == cast.at_workspace.url("workspace_home")
    assert role_of(cast, cast.stranger, cast.at_workspace) == Role.OPERATOR
    assert role_of(cast, cast.stranger, cast.at_org) == Role.MEMBER
    assert role_of(cast, cast.stranger, cast.at_tenant) == Role.MEMBER
    assert events(cast)[-1] == "invitation.accepted"
    assert client.get(link(letter)).status_code == 404


def test_somebody_else_is_told_so_and_changes_nothing(cast: Cast, client: Client) -> None:
    letter = invite(cast, cast.at_org)
    client.force_login(cast.stranger)
    for response in (client.get(link(letter)), client.post(link(letter))):
        text = response.content.decode()
        assert f"This invitation is for {NEW}, and you are signed in as {cast.stranger.email}." in text
        assert f'name="next" value="{link(letter)}"' in text
    assert role_of(cast, cast.stranger, cast.at_org) is None


def test_the_domain_layer_too_lets_nobody_else_accept(cast: Cast) -> None:
    letter = invite(cast, cast.at_org)
    with isolation.as_tenant(cast.acme.pk), pytest.raises(ValueError, match="the person it was sent to"):
        invitations.accept_invitation(invitation=letter.invitation, by=cast.stranger, now=timezone.now())


def test_a_known_email_signs_in_first(cast: Cast, client: Client) -> None:
    letter = invite(cast, cast.at_org, email=cast.stranger.email)
    text = client.get(link(letter)).content.decode()
    assert f"/account/login/?next={link(letter)}" in text
    signed_in = client.post(
        f"/account/login/?next={link(letter)}",
        {"login": cast.stranger.email, "password": factories.PASSWORD, "next": link(letter)},
    )
    assert signed_in["Location"] == link(letter)
    assert client.post(link(letter))["Location"] == cast.at_org.url("organization_home")


def test_a_known_email_cannot_be_given_a_second_account(cast: Cast, client: Client) -> None:
    letter = invite(cast, cast.at_org, email=cast.stranger.email)
    assert client.post(link(letter), NEW_ACCOUNT).status_code == 200
    assert not User.objects.filter(handle="newcomer").exists()


def test_an_unknown_email_creates_an_account_and_joins(cast: Cast, client: Client) -> None:
    letter = invite(cast, cast.at_org)
    assert 'value="new-person"' in client.get(link(letter)).content.decode()
    response = client.post(link(letter), NEW_ACCOUNT | {"email": "other@example.com"})
    assert response["Location"] == cast.at_org.url("organization_home")
    made = User.objects.get(handle="newcomer")
    assert (made.email, made.name) == (NEW, "New Person")
    assert made.check_password(NEW_ACCOUNT["password"])
    assert EmailAddress.objects.get(user=made, email=NEW).verified
    assert role_of(cast, made, cast.at_org) == Role.MEMBER
    assert "Welcome to acme/tnt. You are Member here." in client.get(response["Location"]).content.decode()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"password": "short"}, "too short"),
        ({"password": "newcomer-new"}, "too similar"),
        ({"handle": "stranger"}, "“stranger” is taken by somebody else"),
        ({"handle": "No Handle"}, "Start with a lower-case letter"),
        ({"handle": "settings"}, "reserved"),
    ],
)
def test_an_account_that_is_not_good_is_refused_with_the_sentence(
    cast: Cast, client: Client, wrong: dict[str, str], sentence: str
) -> None:
    letter = invite(cast, cast.at_org)
    response = client.post(link(letter), NEW_ACCOUNT | wrong)
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not User.objects.filter(email=NEW).exists()
    assert client.post(link(letter), NEW_ACCOUNT).status_code == 302


def test_a_stronger_role_that_somebody_has_already_stays(cast: Cast, client: Client) -> None:
    letter = invite(cast, cast.at_org, email=cast.tenant_member.email, role=Role.MEMBER)
    with isolation.as_tenant(cast.acme.pk):
        members.join(cast.tenant_member, cast.at_org, Role.OWNER)
    client.force_login(cast.tenant_member)
    client.post(link(letter))
    assert role_of(cast, cast.tenant_member, cast.at_org) == Role.OWNER


def test_a_weaker_role_that_somebody_has_already_grows(cast: Cast, client: Client) -> None:
    letter = invite(cast, cast.at_workspace, email=cast.reader.email, role=Role.OWNER)
    client.force_login(cast.reader)
    client.post(link(letter))
    assert role_of(cast, cast.reader, cast.at_workspace) == Role.OWNER


def test_who_is_added_directly_needs_no_invitation_any_more(cast: Cast, client: Client) -> None:
    letter = invite(cast, cast.at_org, email=cast.tenant_member.email)
    with isolation.as_tenant(cast.acme.pk):
        members.add_member(scope=cast.at_org, user=cast.tenant_member, role=Role.MEMBER, by=cast.org_owner)
    assert client.get(link(letter)).status_code == 404
