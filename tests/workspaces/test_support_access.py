"""The operator looks into a tenant only with a reason, for an hour, and its owners see it and can end it."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from tests.conftest import Cast
from workspaces import isolation
from workspaces.models import AuditEvent, SupportAccess, Tenant, User
from workspaces.people import support_access

REASON = "Ticket 4711: syncs fail since Monday"


def enter(client: Client, tenant: Tenant, reason: str = REASON) -> str:
    url = f"/operator/workspaces/tenant/{tenant.pk}/acts/enter/"
    return str(client.post(url, {"reason": reason}, follow=True).content.decode())


def events(tenant: Tenant) -> list[AuditEvent]:
    with isolation.as_tenant(tenant.pk):
        return list(AuditEvent.objects.filter(action__startswith="support.").order_by("id"))


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_operator_sees_what_an_owner_sees(cast: Cast, as_operator: Client) -> None:
    assert as_operator.get(cast.at_tenant.url("tenant_home")).status_code == 404
    page = enter(as_operator, cast.acme)
    assert "You have support access to acme for an hour." in page
    assert "you see what an owner sees and can change nothing" in page
    assert "It ends" in page
    for scope, name in ((cast.at_org, "people"), (cast.at_workspace, "connection_list"), (cast.at_tenant, "audit_log")):
        assert as_operator.get(scope.url(name)).status_code == 200
    assert as_operator.get("/tenants/globex/").status_code == 404


def test_a_reason_is_asked_for(cast: Cast, as_operator: Client) -> None:
    for reason in ("", "   ", "because"):
        assert "Nothing was done." in enter(as_operator, cast.acme, reason)
    assert as_operator.get(cast.at_tenant.url("tenant_home")).status_code == 404
    assert events(cast.acme) == []


def test_owners_see_when_it_began_what_was_opened_and_when_it_ended(
    cast: Cast, installer: User, as_operator: Client
) -> None:
    owner = sign_in(cast.tenant_owner)
    support_access.begin(tenant=cast.acme, reason=REASON, by=installer, now=timezone.now())
    page = owner.get(cast.at_tenant.url("people")).content.decode()
    assert f"<q><bdi>{REASON}</bdi></q>" in page
    assert "root@example.com" in page
    assert REASON in owner.get(cast.at_org.url("people")).content.decode()
    assert REASON not in sign_in(cast.org_owner).get(cast.at_org.url("people")).content.decode()
    with isolation.as_operator():
        access = SupportAccess.objects.get()
    ended = owner.post(cast.at_tenant.url("support_end", support_access=access.pk), follow=True).content.decode()
    assert "The operator cannot look into acme any more." in ended
    assert REASON not in ended
    assert as_operator.get(cast.at_tenant.url("tenant_home")).status_code == 404
    assert [event.action for event in events(cast.acme)] == ["support.began", "support.ended"]
    assert [event.actor for event in events(cast.acme)] == ["root@example.com", "tenant-owner@example.com"]
    log = owner.get(cast.at_tenant.url("audit_log")).content.decode()
    assert "began to look into" in log


def test_each_page_is_noted_once(cast: Cast, as_operator: Client) -> None:
    enter(as_operator, cast.acme)
    for _ in range(2):
        as_operator.get(cast.at_org.url("people") + "?q=x")
    home, people = cast.at_tenant.url("tenant_home"), cast.at_org.url("people")
    noted = [event for event in events(cast.acme) if event.action == "support.page_opened"]
    assert [event.details["page"] for event in noted] == [home, people]
    assert all(event.actor == "root@example.com" and event.details["by_operator"] for event in noted)


def test_nothing_can_be_changed_and_no_file_taken(cast: Cast, as_operator: Client) -> None:
    enter(as_operator, cast.acme)
    form = {"handle": "mine", "name": "Mine"}
    response = as_operator.post(cast.at_org.url("organization_advanced"), form)
    assert response.status_code == 403
    assert "Support access to acme is for looking at pages only" in response.content.decode()
    assert as_operator.get(cast.at_org.url("audit_log_csv")).status_code == 403
    with isolation.as_tenant(cast.acme.pk):
        assert not AuditEvent.objects.filter(action="organization.changed", actor="root@example.com").exists()


def test_it_is_over_after_an_hour_and_that_is_noted(cast: Cast, installer: User, as_operator: Client) -> None:
    now = timezone.now()
    support_access.begin(tenant=cast.acme, reason=REASON, by=installer, now=now - timedelta(minutes=59))
    assert as_operator.get(cast.at_tenant.url("tenant_home")).status_code == 200
    support_access.end_expired(now=now)
    with isolation.as_operator():
        access = SupportAccess.objects.get(ended_at=None)
    support_access.end(access=access, by=installer, now=now)
    support_access.begin(tenant=cast.acme, reason=REASON, by=installer, now=now - timedelta(minutes=61))
    assert as_operator.get(cast.at_tenant.url("tenant_home")).status_code == 404
    support_access.end_expired(now=now)
    support_access.end_expired(now=now)
    assert [event.actor for event in events(cast.acme) if event.action == "support.ended"] == [
        "root@example.com",
        "system",
    ]


def test_the_operator_leaves(cast: Cast, as_operator: Client) -> None:
    page = enter(as_operator, cast.acme)
    url = f"/operator/workspaces/tenant/{cast.acme.pk}/acts/leave/"
    assert f'href="{url}"' in page
    assert as_operator.get(url).status_code == 200
    as_operator.post(url)
    assert as_operator.get(cast.at_tenant.url("tenant_home")).status_code == 404
    assert as_operator.get(url).status_code == 404
    assert [event.action for event in events(cast.acme)][-1] == "support.ended"


def test_it_is_for_whoever_began_it_with_their_second_factor(cast: Cast, installer: User, as_operator: Client) -> None:
    enter(as_operator, cast.acme)
    other = User.objects.create_superuser(email="other@example.com", handle="other")
    assert sign_in(other).get(cast.at_tenant.url("tenant_home")).status_code == 404
    assert sign_in(installer).get(cast.at_tenant.url("tenant_home")).status_code == 404
    User.objects.filter(pk=installer.pk).update(is_superuser=False)
    assert as_operator.get(cast.at_tenant.url("tenant_home")).status_code == 404


def test_it_is_begun_once(cast: Cast, as_operator: Client) -> None:
    enter(as_operator, cast.acme)
    assert "You have support access to acme already." in enter(as_operator, cast.acme)


def test_owners_of_another_tenant_cannot_end_it(cast: Cast, installer: User) -> None:
    access = support_access.begin(tenant=cast.acme, reason=REASON, by=installer, now=timezone.now())
    assert sign_in(cast.stranger).post(f"/tenants/globex/people/support/{access.pk}/end/").status_code == 404
    with isolation.as_operator():
        assert SupportAccess.objects.live(timezone.now()).count() == 1


def test_the_database_keeps_it_short_with_a_reason_and_from_others(cast: Cast, installer: User) -> None:
    now = timezone.now()
    common = {"tenant": cast.acme, "operator": installer, "started_at": now}
    for wrong in (
        {"reason": "", "expires_at": now + timedelta(hours=1)},
        {"reason": REASON, "expires_at": now + timedelta(minutes=61)},
        {"reason": REASON, "expires_at": now},
    ):
        with pytest.raises(IntegrityError), isolation.as_tenant(cast.acme.pk):
            SupportAccess.objects.create(**common, **wrong)
    with pytest.raises(DatabaseError, match="row-level security"), isolation.as_user(installer.pk):
        SupportAccess.objects.create(**common, reason=REASON, expires_at=now + timedelta(hours=1))
    support_access.begin(tenant=cast.acme, reason=REASON, by=installer, now=now)
    assert SupportAccess.objects.count() == 0
    with isolation.as_user(cast.stranger.pk):
        assert SupportAccess.objects.count() == 0
        assert not Tenant.objects.filter(handle="acme").exists()
    with isolation.as_user(installer.pk):
        assert Tenant.objects.get().handle == "acme"


def test_a_page_that_would_write_is_refused_by_the_database(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        isolation.look_only()
        with (
            pytest.raises(DatabaseError, match="read-only transaction"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE workspaces_organization SET name = 'Mine'")
