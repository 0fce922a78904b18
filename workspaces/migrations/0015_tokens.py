"""Programs sign in with tokens, each of one person in one tenant."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from workspaces.migrations._steps import USER, isolate, tenant_key
from workspaces.migrations._versioned import versioned
from workspaces.models.versioned import PublicIdField

_TABLE = "workspaces_token"
# A person has them in several tenants, and sees all at once.
_OWN = migrations.RunSQL(
    f"CREATE POLICY own ON {_TABLE} FOR SELECT USING (user_id = {USER});", f"DROP POLICY IF EXISTS own ON {_TABLE};"
)
# A token is looked up before its tenant is known: the one function that looks over the wall gives it to who has its
# text, and lets the transaction see what its person and its tenant may see.
_SIGN_IN = migrations.RunSQL(
    f"""
    CREATE OR REPLACE FUNCTION sign_in_by_token(given text) RETURNS SETOF {_TABLE} LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $$
    DECLARE
        token {_TABLE};
    BEGIN
        SELECT * INTO token FROM {_TABLE} WHERE secret_hash = given;
        IF FOUND THEN
            PERFORM set_config('app.user_id', token.user_id::text, true);
            PERFORM set_config('app.tenant_id', token.tenant_id::text, true);
            RETURN NEXT token;
        END IF;
    END $$;
    """,  # noqa: S608  nothing but the constant above
    "DROP FUNCTION IF EXISTS sign_in_by_token(text);",
)


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0014_members_in_tenant")]

    operations = [
        migrations.AddField("tenant", "token_max_days", models.PositiveIntegerField(editable=False, null=True)),
        migrations.AddField("tenant", "tokens_valid_from", models.DateTimeField(editable=False, null=True)),
        migrations.AddField("user", "tokens_valid_from", models.DateTimeField(editable=False, null=True)),
        migrations.CreateModel(
            name="Token",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", PublicIdField("tpt")),
                ("title", models.CharField(blank=True, max_length=100)),
                ("secret_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("last4", models.CharField(editable=False, max_length=4)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                (
                    "membership",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.membership",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="workspaces.tenant"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["tenant", "user"], name="token_of_person")]},
        ),
        tenant_key(_TABLE, "membership", "workspaces_membership", on_delete="ON DELETE CASCADE"),
        *versioned("token", _TABLE, ("title", "is_active", "expires_at")),
        isolate(_TABLE),
        _OWN,
        _SIGN_IN,
    ]
