"""Service accounts: what signs in for programs alone, in one tenant, or in one organization of it."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from workspaces.migrations._steps import TENANT
from workspaces.migrations._versioned import noting

_TABLE = "workspaces_user"
_NOTED = ("email", "handle", "name", "is_active", "erased_at", "email_preferences")


def _key(place: str) -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        editable=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=f"workspaces.{place}",
    )


# Outside its tenant nobody sees one: so it can sign in nowhere, for people are looked up in no tenant. Within it its
# owners change it, though it is not they who are changed.
_WALL = migrations.RunSQL(
    f"""
    CREATE POLICY tenant ON {_TABLE} AS RESTRICTIVE
        USING (service_tenant_id IS NULL OR service_tenant_id = {TENANT})
        WITH CHECK (service_tenant_id IS NULL OR service_tenant_id = {TENANT});
    CREATE POLICY service ON {_TABLE} FOR UPDATE USING (service_tenant_id = {TENANT});
    """,
    f"DROP POLICY IF EXISTS tenant ON {_TABLE}; DROP POLICY IF EXISTS service ON {_TABLE};",
)
# Where it belongs is for good, and all that it can be is inside of that; of the tenant around its organization it is a
# plain member.
_HOME = migrations.RunSQL(
    f"""
    CREATE FUNCTION refuse_to_move_service_account() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'A service account stays where it belongs.' USING ERRCODE = 'check_violation';
    END $$;
    CREATE TRIGGER service_account_stays BEFORE UPDATE OF service_tenant_id, service_organization_id ON {_TABLE}
        FOR EACH ROW WHEN ((OLD.service_tenant_id, OLD.service_organization_id)
            IS DISTINCT FROM (NEW.service_tenant_id, NEW.service_organization_id))
        EXECUTE FUNCTION refuse_to_move_service_account();

    CREATE FUNCTION keep_service_account_home() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE
        tenant bigint;
        organization bigint;
    BEGIN
        SELECT service_tenant_id, service_organization_id INTO tenant, organization
            FROM workspaces_user WHERE id = NEW.user_id;
        IF tenant <> NEW.tenant_id OR organization <> NEW.organization_id
            OR (organization IS NOT NULL AND NEW.organization_id IS NULL AND NEW.role <> 'member')
        THEN
            RAISE EXCEPTION 'A service account has no role outside of where it belongs.'
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER service_account_is_at_home BEFORE INSERT OR UPDATE ON workspaces_membership
        FOR EACH ROW EXECUTE FUNCTION keep_service_account_home();
    """,  # noqa: S608  nothing but the constants above
    f"""
    DROP TRIGGER IF EXISTS service_account_is_at_home ON workspaces_membership;
    DROP FUNCTION IF EXISTS keep_service_account_home;
    DROP TRIGGER IF EXISTS service_account_stays ON {_TABLE};
    DROP FUNCTION IF EXISTS refuse_to_move_service_account;
    """,
)
_STAMP = """
    CREATE OR REPLACE FUNCTION stamp_audit_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF NEW.actor_id <> NULLIF(current_setting('app.user_id', true), '')::bigint THEN
            RAISE EXCEPTION 'An audit event names who is signed in, and nobody else.'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        NEW.actor := 'system';
        IF NEW.actor_id IS NOT NULL THEN
            SELECT {known_as} INTO STRICT NEW.actor FROM workspaces_user WHERE id = NEW.actor_id;
        END IF;
        NEW.happened_at := clock_timestamp();
        RETURN NEW;
    END $$;
"""
# As ``User.known_as``.
_KNOWN_AS = (
    "CASE WHEN service_tenant_id IS NULL THEN email ELSE 'service account ' || coalesce(nullif(name, ''), handle) END"
)


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0016_email_preferences")]

    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, noting(_TABLE, _NOTED).sql),
        migrations.AddField("user", "service_tenant", _key("tenant")),
        migrations.AddField("user", "service_organization", _key("organization")),
        migrations.AddField(
            "user", "description", models.CharField(blank=True, db_default="", default="", max_length=500)
        ),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                condition=Q(service_tenant=None, service_organization=None)
                | Q(service_tenant__isnull=False, password__startswith="!", is_superuser=False),  # noqa: S106
                name="user_service_account_without_password",
            ),
        ),
        noting(_TABLE, (*_NOTED, "description")),
        _WALL,
        _HOME,
        migrations.RunSQL(_STAMP.format(known_as=_KNOWN_AS), _STAMP.format(known_as="email")),
    ]
