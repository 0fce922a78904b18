"""Every row that programs are shown has an id, and knows who made and changed it and which version it is."""

import re

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models import F

from connections.models import Aggregator, Connection, Folder, Grant
from integrations.models import Integration
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.models import Organization, User
from workspaces.models.versioned import Versioned

# What of a row is no change of it: what it is known by, what was found out about it, and how far work on it is.
FOUND = {
    "connections_folder": {"path"},
    "connections_connection": {"email"}
    | {f"health{of}" for of in ("", "_reason", "_changed_at", "_tested_at", "_due_at")},
    "connections_grant": {"folder_id", "connection_id"},
    "connections_schema": {"folder_id", "connection_id", "organization_id", "workspace_id"},
    "connections_aggregator": {"organization_id", "workspace_id"},
    "integrations_integration": {
        *("uid", "organization_id", "root_folder_id", "partition", "source_organization_id", "management_account_id"),
        *("role_proved_at", "unseen_folders", "selection_facts", "sent_config"),
        *(f"{next_}{of}_external_id" for next_ in ("", "next_") for of in ("discovery", "connection")),
    },
    "workspaces_membership": {"user_id", "organization_id", "workspace_id"},
    "workspaces_organization": {"first_steps_hidden_at"},
    "workspaces_workspace": {"organization_id"},
    "workspaces_tenant": {"first_steps_hidden_at"},
    "workspaces_token": {"user_id", "membership_id", "secret_hash", "last4", "last_used_at"},
    "workspaces_user": {
        *(
            "password",
            "last_login",
            "is_superuser",
            "tokens_valid_from",
            "service_tenant_id",
            "service_organization_id",
        ),
    },
    "workspaces_invitation": {
        *("email", "token_hash", "invited_by", "sender_id", "organization_id", "workspace_id"),
    },
}
_OF_ITSELF = {"id", "tenant_id", "public_id", "version", "created_at", "added_at", "joined_at"} | {
    f"{did}_{of}" for did in ("created", "updated") for of in ("at", "by_id")
}


def versioned_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if issubclass(model, Versioned)]


def noted(table: str) -> set[str]:
    """The columns whose change the table's trigger takes for a new version."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'versioned' AND tgrelid = to_regclass(%s)",
            [table],
        )
        found = cursor.fetchone()
    assert found, f"{table} has no trigger"
    return set(re.findall(r"new\.(\w+)", found[0]))


@pytest.mark.django_db
def test_each_column_is_a_change_of_its_row_or_said_to_be_none() -> None:
    for model in versioned_models():
        table = model._meta.db_table
        if table == "integrations_syncrun":  # its state alone: the rest is how far it is
            assert noted(table) == {"state", "version"}
            continue
        columns = {field.column for field in model._meta.local_concrete_fields if field.column}
        assert columns - noted(table) - _OF_ITSELF == FOUND.get(table, set()), table


def test_a_row_knows_who_made_it_and_who_changed_it_last(cast: Cast) -> None:
    with isolation.as_user(cast.org_owner.pk):
        isolation.bind(tenant_id=cast.acme.pk)
        folder = factories.folder(cast.at_org, "sandbox")
        assert (folder.created_by, folder.version, folder.updated_at) == (cast.org_owner, 1, None)
        assert re.fullmatch("c_[0-9a-f]{20}", folder.public_id)
    with isolation.as_user(cast.tenant_owner.pk):
        isolation.bind(tenant_id=cast.acme.pk)
        Folder.objects.filter(pk=folder.pk).update(title="Sandbox")
        folder.refresh_from_db()
        assert (folder.created_by, folder.updated_by, folder.version) == (cast.org_owner, cast.tenant_owner, 2)
        assert folder.updated_at
    with isolation.as_tenant(cast.acme.pk):
        Folder.objects.filter(pk=folder.pk).update(title="Of the system")
        folder.refresh_from_db()
        assert (folder.updated_by, folder.version) == (None, 3)


def test_what_is_written_as_it_was_is_no_new_version(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = factories.folder(cast.at_org, "sandbox")
        Folder.objects.update(title=F("title"))
        folder.refresh_from_db()
        assert folder.version == 1


def test_a_stale_copy_that_is_saved_does_not_turn_the_version_back(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = factories.folder(cast.at_org, "sandbox")
        for title in ("one", "two"):
            Folder.objects.filter(pk=folder.pk).update(title=title)
        folder.save()  # of version 1, with the title that it had then
        folder.refresh_from_db()
        assert folder.version == 4


def test_ids_of_different_things_are_told_apart_and_never_given_twice(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        integration = factories.integration(cast.at_org, "main", by=cast.org_owner)
        connections = [factories.connection(cast.at_org, f"account_{number}") for number in range(3)]
        assert len({one.public_id for one in connections}) == 3
        assert integration.public_id.startswith("i_")
    prefixes = {
        model._meta.get_field("public_id").prefix for model in (Aggregator, Connection, Grant, Integration, User)
    }
    assert prefixes == {"agg", "c", "perm", "i", "u"}
    assert Organization._meta.get_field("public_id")
