"""The walls between tenants, and the audit log that cannot be rewritten."""

from django.db import migrations

from workspaces.migrations._steps import OPERATOR, TENANT, USER, isolate, scope_keys

# One must see tenants and memberships to find out which tenants one may enter.
PEOPLE = migrations.RunSQL(
    f"""
    ALTER TABLE workspaces_tenant ENABLE ROW LEVEL SECURITY;
    ALTER TABLE workspaces_membership ENABLE ROW LEVEL SECURITY;
    CREATE POLICY tenant ON workspaces_tenant
        USING (id = {TENANT} OR {OPERATOR}) WITH CHECK (id = {TENANT} OR {OPERATOR});
    CREATE POLICY member ON workspaces_tenant FOR SELECT
        USING (id IN (SELECT tenant_id FROM workspaces_membership WHERE user_id = {USER}));
    CREATE POLICY tenant ON workspaces_membership
        USING (tenant_id = {TENANT} OR {OPERATOR}) WITH CHECK (tenant_id = {TENANT} OR {OPERATOR});
    CREATE POLICY own ON workspaces_membership FOR SELECT USING (user_id = {USER});
    """,  # noqa: S608  nothing but the constants above
    """
    DROP POLICY tenant ON workspaces_tenant; DROP POLICY member ON workspaces_tenant;
    DROP POLICY tenant ON workspaces_membership; DROP POLICY own ON workspaces_membership;
    ALTER TABLE workspaces_tenant DISABLE ROW LEVEL SECURITY;
    ALTER TABLE workspaces_membership DISABLE ROW LEVEL SECURITY;
    """,
)


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0001_initial")]

    operations = [
        PEOPLE,
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
