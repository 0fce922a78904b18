"""The walls between tenants, and between the scopes that nodes may be shared in."""

from django.db import migrations

from workspaces.migrations._steps import isolate, scope_keys

TABLES = ("connections_folder", "connections_connection", "connections_grant")


class Migration(migrations.Migration):
    dependencies = [("connections", "0001_initial"), ("workspaces", "0002_walls")]

    operations = [
        *(isolate(table) for table in TABLES),
        *(scope_keys(table, has_workspace=True) for table in TABLES),
        migrations.RunSQL(
            """
            CREATE FUNCTION check_grant_within_scope() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                SET search_path = public, pg_temp AS $$
            BEGIN
                PERFORM 1 FROM (
                    SELECT id AS folder_id, NULL::bigint AS connection_id, tenant_id, organization_id, workspace_id
                    FROM connections_folder WHERE id = NEW.folder_id
                    UNION ALL
                    SELECT NULL, id, tenant_id, organization_id, workspace_id
                    FROM connections_connection WHERE id = NEW.connection_id
                ) node
                WHERE node.tenant_id = NEW.tenant_id
                    AND (node.organization_id IS NULL OR node.organization_id = NEW.organization_id)
                    AND (node.workspace_id IS NULL OR node.workspace_id = NEW.workspace_id);
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'A node can only be shared within the scope that owns it.'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_within_scope';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER grant_within_scope BEFORE INSERT OR UPDATE ON connections_grant
                FOR EACH ROW EXECUTE FUNCTION check_grant_within_scope();
            """,
            "DROP TRIGGER grant_within_scope ON connections_grant; DROP FUNCTION check_grant_within_scope;",
        ),
    ]
