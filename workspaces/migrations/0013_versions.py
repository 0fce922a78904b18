"""Places and people get ids for programs, and know who made and changed them."""

from django.db import migrations

from workspaces.migrations._versioned import public_ids, versioned

_FUNCTIONS = """
CREATE OR REPLACE FUNCTION new_public_id(prefix text) RETURNS text LANGUAGE sql VOLATILE AS $$
    -- Of the 32 digits of a random UUID the 13th is its version, and the 17th has part of its variant.
    SELECT prefix || '_' || left(digits, 12) || substr(digits, 14, 3) || substr(digits, 18, 5)
    FROM replace(gen_random_uuid()::text, '-', '') AS digits
$$;
CREATE OR REPLACE FUNCTION acting_user() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT NULLIF(current_setting('app.user_id', true), '')::bigint
$$;
CREATE OR REPLACE FUNCTION note_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    NEW.updated_by_id := public.acting_user();
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    atomic = False  # no table is locked while rows of it are written
    dependencies = [("workspaces", "0012_changes")]

    operations = [
        migrations.RunSQL(
            _FUNCTIONS,
            "DROP FUNCTION IF EXISTS note_version, acting_user, new_public_id;",
        ),
        *public_ids("user", "workspaces_user", "u"),
        *public_ids("workspace", "workspaces_workspace", "w"),
        *public_ids("membership", "workspaces_membership", "m"),
        *public_ids("invitation", "workspaces_invitation", "m"),
        *versioned("user", "workspaces_user", ("email", "handle", "name", "is_active", "erased_at")),
        *versioned("tenant", "workspaces_tenant", ("handle", "name", "plan")),
        *versioned("organization", "workspaces_organization", ("handle", "name")),
        *versioned("workspace", "workspaces_workspace", ("handle", "name", "search_path_prefix")),
        *versioned("membership", "workspaces_membership", ("role",)),
        *versioned(
            "invitation", "workspaces_invitation", ("role", "sent_at", "expires_at", "accepted_at", "withdrawn_at")
        ),
    ]
