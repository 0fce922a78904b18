"""Who did something, and when, is set by the database and not by the code that records it."""

from django.db import migrations

# Not for the owner of the tables, who brings back what was recorded elsewhere: from a backup, say. Where nobody is
# signed in, in a worker, an event may name the person for whom the work is done.
_STAMP = """
    CREATE FUNCTION stamp_audit_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF NEW.actor_id <> NULLIF(current_setting('app.user_id', true), '')::bigint THEN
            RAISE EXCEPTION 'An audit event names who is signed in, and nobody else.'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        NEW.actor := 'system';
        IF NEW.actor_id IS NOT NULL THEN
            SELECT email INTO STRICT NEW.actor FROM workspaces_user WHERE id = NEW.actor_id;
        END IF;
        NEW.happened_at := clock_timestamp();
        RETURN NEW;
    END $$;
    CREATE TRIGGER audit_event_is_stamped BEFORE INSERT ON workspaces_auditevent
        FOR EACH ROW WHEN (row_security_active('workspaces_auditevent'::regclass)) EXECUTE FUNCTION stamp_audit_event();
"""


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0005_cache")]

    operations = [
        migrations.RunSQL(
            _STAMP,
            "DROP TRIGGER audit_event_is_stamped ON workspaces_auditevent; DROP FUNCTION stamp_audit_event;",
        )
    ]
