"""A person's second factors, sessions and addresses are nobody else's within a tenant, nor is what they sign in with."""

from django.db import migrations

from workspaces.migrations._steps import INVITATION, OPERATOR, TENANT, USER

OUTSIDE = f"({TENANT} IS NULL OR {OPERATOR} OR {INVITATION} IS NOT NULL)"
# Within a tenant nobody changes a person but themself, and no operator is made. People are seen everywhere: a tenant's
# pages name who has left it, too. Nobody deletes them.
PEOPLE = migrations.RunSQL(
    f"""
    ALTER TABLE workspaces_user ENABLE ROW LEVEL SECURITY;
    CREATE POLICY known ON workspaces_user FOR SELECT USING (true);
    CREATE POLICY comes ON workspaces_user FOR INSERT WITH CHECK ({OUTSIDE} OR NOT is_superuser);
    CREATE POLICY own ON workspaces_user FOR UPDATE USING ({OUTSIDE} OR id = {USER});
    CREATE POLICY member ON account_emailaddress FOR SELECT
        USING (user_id IN (SELECT user_id FROM workspaces_membership WHERE tenant_id = {TENANT}));
    """,  # noqa: S608  nothing but the constants above
    """
    DROP POLICY member ON account_emailaddress;
    DROP POLICY known ON workspaces_user; DROP POLICY comes ON workspaces_user;
    DROP POLICY own ON workspaces_user;
    ALTER TABLE workspaces_user DISABLE ROW LEVEL SECURITY;
    """,
)

# Sessions themselves (django_session) name no person: they are found by a key that only the browser has.
TABLES = ("account_emailaddress", "mfa_authenticator", "usersessions_usersession")


def own_rows(table: str) -> migrations.RunSQL:
    """Within a tenant, nobody's rows of this table but one's own are seen and written.

    The sign-in library reads them before anybody is known, and works in no tenant: there the wall is open. So it costs
    no statement, and closes where the product's own queries are.
    """
    own = f"{OUTSIDE} OR user_id = {USER}"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;CREATE POLICY own ON {table} USING ({own}) WITH CHECK ({own});",
        f"DROP POLICY own ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("workspaces", "0007_people_who_go"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("usersessions", "0001_initial"),
    ]

    operations = [*(own_rows(table) for table in TABLES), PEOPLE]
