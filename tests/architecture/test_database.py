"""The wall between tenants in the database, table by table, and the role that the application runs as."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from connections.models import Folder
from integrations.models import SyncRun, Webhook
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

# They know no tenant's names or secrets: what is due, for the dispatcher and the sender, which work for all tenants.
OUTSIDE_THE_WALL = {"integrations_syncschedule", "integrations_healthschedule", "integrations_deliverydue"}


def read(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def tables_with_tenant() -> set[str]:
    rows = read(
        "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attname = 'tenant_id' AND NOT attisdropped"
    )
    return {str(name) for (name,) in rows}


@pytest.mark.django_db
def test_every_table_of_a_tenant_has_a_policy() -> None:
    behind_the_wall = {
        name
        for (name,) in read(
            "SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid WHERE relrowsecurity"
        )
    }
    assert "integrations_syncrun" in behind_the_wall
    assert tables_with_tenant() - behind_the_wall == OUTSIDE_THE_WALL
    assert "workspaces_tenant" in behind_the_wall


@pytest.mark.django_db
def test_a_row_of_a_tenant_names_rows_of_another_by_no_foreign_key() -> None:
    """PostgreSQL looks a foreign key up over the wall: each between two tables of tenants has the tenant in it."""
    keys = read(
        "SELECT k.conrelid::regclass::text, k.conname, COALESCE(a.attnum = ANY(k.conkey), FALSE) AND k.convalidated"
        " FROM pg_constraint k"
        " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id'"
        " JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attname = 'tenant_id' WHERE k.contype = 'f'"
    )
    assert {(table, name) for table, name, has_tenant in keys if not has_tenant} == set()
    assert {"integrations_webhook", "integrations_syncrun", "connections_grant"} < {table for table, _, _ in keys}


def test_a_row_for_what_another_tenant_has_is_refused(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        theirs = factories.integration(cast.at_org, "main", by=cast.org_owner)
    rows: tuple[Model, ...] = (
        Webhook(tenant=cast.globex, integration=theirs, name="x", origin="https://x.example"),
        SyncRun(tenant=cast.globex, integration=theirs, state=SyncRun.State.SUCCEEDED),
        Folder(
            tenant=cast.globex, root_id=theirs.root_folder_id, handle="x", is_managed=True, source_id="r-x", path="0/"
        ),
    )
    for row in rows:
        with isolation.as_tenant(cast.globex.pk), pytest.raises(IntegrityError, match="_in_tenant"):
            save_for_good(row)


def save_for_good(row: Model) -> None:
    """Save a row, and have what is looked at when the transaction ends looked at."""
    with transaction.atomic(), connection.cursor() as cursor:
        row.save()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
def test_every_constraint_and_index_of_the_models_is_in_the_database() -> None:
    """Django's AlterField may drop a conditional unique index with the plain one of its column, and say nothing."""
    ours = [
        model
        for app in ("workspaces", "connections", "integrations")
        for model in apps.get_app_config(app).get_models()
    ]
    declared = {each.name for model in ours for each in (*model._meta.constraints, *model._meta.indexes)}
    assert "run_one_at_a_time" in declared
    there = {str(name) for (name,) in read("SELECT relname FROM pg_class UNION SELECT conname FROM pg_constraint")}
    assert declared - there == set()


def test_a_tenant_sees_no_row_of_another_in_any_table(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.integration(cast.at_org, "main", by=cast.org_owner)
        factories.draft(cast.at_org, by=cast.org_owner)
    assert count_rows_of(cast.acme.pk) == set()
    with isolation.as_tenant(cast.globex.pk):
        assert count_rows_of(cast.acme.pk) == set()
    with isolation.as_tenant(cast.acme.pk):
        assert {"integrations_integration", "integrations_draft", "connections_folder"} < count_rows_of(cast.acme.pk)


def count_rows_of(tenant_id: int) -> set[str]:
    """The tables in which rows of the tenant can be seen."""
    return {
        table
        for table in tables_with_tenant() - OUTSIDE_THE_WALL
        if read(f"SELECT 1 FROM {table} WHERE tenant_id = {tenant_id} LIMIT 1")
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("catalogue", "owner"), [("pg_class", "relowner"), ("pg_proc", "proowner"), ("pg_namespace", "nspowner")]
)
def test_the_role_of_the_application_owns_nothing(catalogue: str, owner: str) -> None:
    assert read(f"SELECT oid FROM {catalogue} WHERE {owner} = current_user::regrole") == []


@pytest.mark.django_db
def test_the_role_of_the_application_has_no_power_over_the_database() -> None:
    powers = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
    assert read(f"SELECT {powers} FROM pg_roles WHERE rolname = current_user") == [(False,) * 5]
    assert read("SELECT roleid::regrole FROM pg_auth_members WHERE member = current_user::regrole") == []


@pytest.mark.django_db
def test_the_role_of_the_application_can_only_add_and_read_audit_events() -> None:
    rights = read(
        "SELECT privilege_type FROM information_schema.role_table_grants"
        " WHERE table_name = 'workspaces_auditevent' AND grantee = current_user"
    )
    assert {str(right) for (right,) in rights} == {"SELECT", "INSERT"}
