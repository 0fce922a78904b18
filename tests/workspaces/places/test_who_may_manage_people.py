"""What each person gets who posts to the pages that manage members and invitations."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.conftest import PEOPLE, Cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Role
from workspaces.people import invitations

# Rows: URL name, the level it is posted to, and the status for each person of the cast in the order of PEOPLE.
TABLE = """
person_add           tenant     302 403 403 403 403 403 403 404
person_add           org        302 404 302 403 403 403 403 404
person_add           workspace  302 404 302 404 302 403 403 404
person_role          tenant     302 403 403 403 403 403 403 404
person_role          org        302 404 302 403 403 403 403 404
person_role          workspace  302 404 302 404 302 403 403 404
person_remove        tenant     302 403 403 403 403 403 403 404
person_remove        org        302 404 302 403 403 403 403 404
person_remove        workspace  302 404 302 404 302 403 403 404
invitation_resend    tenant     302 403 403 403 403 403 403 404
invitation_resend    org        302 404 302 403 403 403 403 404
invitation_resend    workspace  302 404 302 404 302 403 403 404
invitation_withdraw  tenant     302 403 403 403 403 403 403 404
invitation_withdraw  org        302 404 302 403 403 403 403 404
invitation_withdraw  workspace  302 404 302 404 302 403 403 404
"""
ROWS = [(name, level, statuses) for name, level, *statuses in (line.split() for line in TABLE.strip().splitlines())]
EACH_ROW = pytest.mark.parametrize(("name", "level", "statuses"), ROWS, ids=[f"{row[0]}-{row[1]}" for row in ROWS])


def scope_of(cast: Cast, level: str) -> Scope:
    return {"tenant": cast.at_tenant, "org": cast.at_org, "workspace": cast.at_workspace}[level]


def target(cast: Cast, name: str, scope: Scope, guest: str) -> str:
    """Make somebody to manage, afresh for each try, and give the URL."""
    if name == "person_add":
        return scope.url(name)
    role = Role.READER if scope.workspace else Role.MEMBER
    with isolation.as_tenant(cast.acme.pk):
        if name.startswith("person"):
            return scope.url(name, member=factories.member(scope, factories.user(guest), role).pk)
        letter = invitations.send_invitation(
            scope=scope, email=f"{guest}@example.com", role=role, by=cast.tenant_owner, now=timezone.now()
        )
        return scope.url(name, invitation=letter.invitation.pk)


@EACH_ROW
def test_each_person_gets_what_the_table_says(
    cast: Cast, client: Client, name: str, level: str, statuses: list[str]
) -> None:
    scope = scope_of(cast, level)
    got = []
    for number, person in enumerate(PEOPLE):
        url = target(cast, name, scope, f"guest{number}")
        client.force_login(getattr(cast, person))
        data = {"who": f"new{number}@example.com", "role": "owner"}
        with isolation.as_tenant(cast.acme.pk):
            before = AuditEvent.objects.count()
        got.append(str(client.post(url, data).status_code))
        with isolation.as_tenant(cast.acme.pk):
            assert AuditEvent.objects.count() - before == (got[-1] == "302"), person
    assert dict(zip(PEOPLE, got, strict=True)) == dict(zip(PEOPLE, statuses, strict=True))


@EACH_ROW
def test_nobody_changes_anything_without_signing_in(
    cast: Cast, client: Client, name: str, level: str, statuses: list[str]
) -> None:
    url = target(cast, name, scope_of(cast, level), "guest")
    page = scope_of(cast, level).url("people")
    response = client.post(
        url, {"who": "new@example.com", "role": "owner"}, headers={"Referer": f"http://testserver{page}"}
    )
    assert response.status_code == 302
    assert response["Location"] == f"{reverse('account_login')}?next={page}"


@pytest.mark.parametrize("name", ["person_role", "invitation_resend", "invitation_withdraw"])
def test_looking_changes_nothing(cast: Cast, as_tenant_owner: Client, name: str) -> None:
    assert as_tenant_owner.get(target(cast, name, cast.at_org, "guest")).status_code == 405
