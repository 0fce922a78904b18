"""The wall that the database is: what the application's role sees, and what it is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction

from tests.conftest import Cast
from workspaces import audit, isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Membership, Organization, Role, Tenant, User, Workspace

# What belongs to no tenant, or what a tenant's work is found by: named here, so that a new table is thought about.
WITHOUT_A_WALL = {
    "workspaces_user_groups",
    "workspaces_user_user_permissions",
    "integrations_deliverydue",
    "integrations_healthschedule",
    "integrations_syncschedule",
}
OURS = ("workspaces", "connections", "integrations")


@contextmanager
def refused_at_commit() -> Iterator[None]:
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_without_a_tenant_nothing_is_seen(cast: Cast) -> None:
    for model in (Tenant, Organization, Workspace, Membership, AuditEvent):
        assert model.objects.count() == 0


def test_a_tenant_sees_its_own_rows_and_no_others(cast: Cast) -> None:
    with isolation.as_tenant(cast.globex.pk):
        assert list(Tenant.objects.values_list("handle", flat=True)) == ["globex"]
        assert list(Organization.objects.values_list("handle", flat=True)) == ["main"]
        assert not Membership.objects.exclude(tenant=cast.globex).exists()
        assert not AuditEvent.objects.exclude(tenant_id=cast.globex.pk).exists()
    assert Organization.objects.count() == 0


def test_a_person_sees_their_own_memberships_and_tenants(cast: Cast) -> None:
    with isolation.as_user(cast.org_member.pk):
        assert list(Tenant.objects.values_list("handle", flat=True)) == ["acme"]
        assert set(Membership.objects.values_list("user_id", flat=True)) == {cast.org_member.pk}
        assert Organization.objects.count() == 0


def test_an_inner_tenant_does_not_leak_to_the_outer_one(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        with isolation.as_tenant(cast.globex.pk):
            assert Organization.objects.get().handle == "main"
        assert set(Organization.objects.values_list("handle", flat=True)) == {"tnt", "ops"}


def test_binding_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="inside transaction"):
        isolation.bind(tenant_id=1)


def test_rows_of_another_tenant_cannot_be_written(cast: Cast) -> None:
    with (
        isolation.as_tenant(cast.acme.pk),
        pytest.raises(DatabaseError, match="row-level security"),
        transaction.atomic(),
    ):
        Organization.objects.create(tenant=cast.globex, handle="mine", name="Mine")


def test_a_membership_cannot_name_an_organization_of_another_tenant(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk), refused_at_commit():
        Membership.objects.create(tenant=cast.acme, organization=cast.globex_org, user=cast.stranger, role=Role.MEMBER)


def test_a_membership_cannot_name_a_workspace_of_another_organization(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk), refused_at_commit():
        Membership.objects.create(
            tenant=cast.acme, organization=cast.ops, workspace=cast.fireworks, user=cast.stranger, role=Role.READER
        )


def test_a_workspace_cannot_be_put_into_an_organization_of_another_tenant(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk), refused_at_commit():
        Workspace.objects.create(tenant=cast.acme, organization=cast.globex_org, handle="x", name="X")


def test_within_a_tenant_nobody_sees_or_changes_what_another_signs_in_with(cast: Cast) -> None:
    for person in (cast.org_member, cast.stranger):
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
        EmailAddress.objects.create(user=person, email=person.email, verified=True)
        UserSession.objects.create(user=person, session_key=person.handle, ip="127.0.0.1", user_agent="")
    with isolation.as_user(cast.org_owner.pk):
        isolation.bind(tenant_id=cast.acme.pk)
        assert not Authenticator.objects.exists()
        assert not UserSession.objects.exists()
        assert EmailAddress.objects.get().user == cast.org_member  # addresses of members may be written to
        assert EmailAddress.objects.update(verified=False) == 0
        assert User.objects.filter(pk=cast.stranger.pk).exists()
        assert User.objects.exclude(pk=cast.org_owner.pk).update(password="mine") == 0
        assert User.objects.filter(pk=cast.org_owner.pk).update(name="Olga") == 1
        for made in (
            User(email="root@example.com", handle="root", is_superuser=True),
            Authenticator(user=cast.org_member, type=Authenticator.Type.RECOVERY_CODES, data={}),
        ):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                made.save()
    with isolation.as_user(cast.org_member.pk):
        isolation.bind(tenant_id=cast.acme.pk)
        assert Authenticator.objects.get().user == UserSession.objects.get().user == cast.org_member


def test_who_signs_in_is_looked_up_before_they_are_known(cast: Cast) -> None:
    Authenticator.objects.create(user=cast.org_member, type=Authenticator.Type.TOTP, data={})
    assert Authenticator.objects.get(user__email="org-member@example.com")
    with isolation.as_operator():
        assert Authenticator.objects.exists()


def test_an_audit_event_cannot_be_changed_or_deleted(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        audit.record("test.done", scope=Scope(cast.acme), by=None, target=cast.acme)
        for statement in (
            "UPDATE workspaces_auditevent SET actor = 'somebody else'",
            "DELETE FROM workspaces_auditevent",
        ):
            with (
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
        assert AuditEvent.objects.filter(action="test.done", actor="system").count() == 1


def test_an_audit_event_has_the_time_of_the_database_and_the_actor_whom_it_knows(cast: Cast) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    with time_machine.travel(long_ago), isolation.as_tenant(cast.acme.pk):
        by_nobody, by_owner = (
            AuditEvent.objects.create(tenant_id=cast.acme.pk, action="a", actor="reader@example.com", actor_id=actor)
            for actor in (None, cast.org_owner.pk)
        )
        with pytest.raises(DatabaseError), transaction.atomic():
            AuditEvent.objects.create(tenant_id=cast.acme.pk, action="a", actor_id=0)
    with isolation.as_tenant(cast.acme.pk):
        for event, actor in ((by_nobody, "system"), (by_owner, "org-owner@example.com")):
            event.refresh_from_db()
            assert event.actor == actor
            assert event.happened_at > long_ago + timedelta(days=1)


def test_who_is_signed_in_records_nothing_in_the_name_of_another(cast: Cast) -> None:
    with isolation.as_user(cast.org_member.pk):
        isolation.bind(tenant_id=cast.acme.pk)
        for by in (cast.org_member, None):
            audit.record("test.done", scope=Scope(cast.acme), by=by, target=cast.acme)
        with pytest.raises(DatabaseError, match="names who is signed in"), transaction.atomic():
            audit.record("test.done", scope=Scope(cast.acme), by=cast.org_owner, target=cast.acme)


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_not_even_the_owner_of_the_tables_rewrites_an_audit_event() -> None:
    with transaction.atomic():
        isolation.bind(tenant_id=7)
        AuditEvent.objects.create(tenant_id=7, actor="a", action="b", object_kind="c", object_id="d", object_label="e")
    with pytest.raises(DatabaseError, match=r"Audit events are never changed\."):
        AuditEvent.objects.using("owner").update(actor="somebody else")


@pytest.mark.django_db
def test_the_role_that_the_product_runs_as_owns_nothing_and_bypasses_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relowner = current_user::regrole AND relkind IN ('r', 'v', 'm', 'S')"
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
def test_every_table_that_tenants_own_is_behind_the_wall() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity")
        walled = {row[0] for row in cursor.fetchall()}
    ours = {
        model._meta.db_table
        for label in OURS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }
    assert ours - walled == WITHOUT_A_WALL
