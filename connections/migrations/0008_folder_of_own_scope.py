"""A folder or connection is in a folder of its own scope: else a grant on that would reach out of the node's scope."""

from django.db import migrations

# Once for each statement, however many rows it writes. A folder that is not there is left to the foreign key.
_CHECK = """
    CREATE FUNCTION check_{table}_in_own_scope() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM 1 FROM written JOIN connections_folder above ON above.id = written.{key}
        WHERE (above.tenant_id, above.organization_id, above.workspace_id)
            IS DISTINCT FROM (written.tenant_id, written.organization_id, written.workspace_id);
        IF FOUND THEN
            RAISE EXCEPTION 'A node can only be in a folder of its own scope.'
                USING ERRCODE = 'check_violation', CONSTRAINT = '{table}_in_own_scope';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER {table}_in_own_scope_on_insert AFTER INSERT ON connections_{table}
        REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION check_{table}_in_own_scope();
    CREATE TRIGGER {table}_in_own_scope_on_update AFTER UPDATE ON connections_{table}
        REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION check_{table}_in_own_scope();
"""
_DROP = """
    DROP TRIGGER {table}_in_own_scope_on_update ON connections_{table};
    DROP TRIGGER {table}_in_own_scope_on_insert ON connections_{table};
    DROP FUNCTION check_{table}_in_own_scope;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0007_health'),
    ]

    operations = [
        migrations.RunSQL(_CHECK.format(table=table, key=key), _DROP.format(table=table))
        for table, key in (("folder", "parent_id"), ("connection", "folder_id"))
    ]
