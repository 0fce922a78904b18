"""The walls between tenants, and the audit log that cannot be rewritten."""

from django.db import migrations

from workspaces.isolation import isolate, isolate_people, scope_keys


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0001_initial")]

    operations = [
        isolate_people(),
        isolate("workspaces_organization"),
        isolate("workspaces_workspace"),
        isolate("workspaces_auditevent"),
        scope_keys("workspaces_workspace", has_workspace=False),
        scope_keys("workspaces_membership", has_workspace=True),
        migrations.RunSQL(
            """
            CREATE FUNCTION refuse_to_change_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'Audit events are never changed.' USING ERRCODE = 'insufficient_privilege';
            END $$;
            CREATE TRIGGER audit_event_is_final BEFORE UPDATE ON workspaces_auditevent
                FOR EACH ROW EXECUTE FUNCTION refuse_to_change_audit_event();
            -- Only the tables' owner may delete, for retention: the application's role has no right to.
            """,
            "DROP TRIGGER audit_event_is_final ON workspaces_auditevent; DROP FUNCTION refuse_to_change_audit_event;",
        ),
    ]
