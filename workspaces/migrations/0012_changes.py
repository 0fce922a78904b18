"""What marks the state that a tenant's things are in, so that what was counted in it need not be counted again.

Each transaction that writes to a table that is watched (``_steps.watch``) leaves a mark that nobody had before, and takes
the marks away that it finds. It waits for nobody: marks that another transaction takes away just now it leaves. So the
marks that are seen are other ones after any change, whichever transaction ends first, and few.
"""

from django.db import migrations

from workspaces.migrations._steps import isolate, watch

_NOTE = """
CREATE FUNCTION note_change_of(changed bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM workspaces_change WHERE tenant_id = changed AND made_by = pg_current_xact_id()) THEN
        RETURN;
    END IF;
    DELETE FROM workspaces_change WHERE mark IN (
        SELECT mark FROM workspaces_change WHERE tenant_id = changed FOR UPDATE SKIP LOCKED
    );
    INSERT INTO workspaces_change (tenant_id) VALUES (changed);
END $$;
CREATE FUNCTION note_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM note_change_of(tenant_id) FROM (SELECT DISTINCT tenant_id FROM changed) each;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0011_former_handles")]

    operations = [
        migrations.RunSQL(
            """
            CREATE TABLE workspaces_change (
                mark uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                tenant_id bigint NOT NULL,
                made_by xid8 NOT NULL DEFAULT pg_current_xact_id()
            );
            CREATE INDEX workspaces_change_tenant ON workspaces_change (tenant_id);
            """,
            "DROP TABLE workspaces_change;",
        ),
        isolate("workspaces_change"),
        migrations.RunSQL(
            "INSERT INTO workspaces_change (tenant_id) SELECT id FROM workspaces_tenant", migrations.RunSQL.noop
        ),
        migrations.RunSQL(_NOTE, "DROP FUNCTION note_changes; DROP FUNCTION note_change_of;"),
        watch("workspaces_organization"),
        watch("workspaces_workspace"),
    ]
