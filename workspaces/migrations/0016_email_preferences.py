"""Which emails of the vendor's a person wants: kept for programs that set it, though there are none.

That is a change of the person, as how long tokens are good is one of the tenant.
"""

from django.db import migrations, models

from workspaces.migrations._versioned import noting


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0015_tokens")]

    operations = [
        migrations.AddField(
            "user", "email_preferences", models.JSONField(db_default={}, default=dict, editable=False)
        ),
        noting("workspaces_user", ("email", "handle", "name", "is_active", "erased_at", "email_preferences")),
        noting("workspaces_tenant", ("handle", "name", "plan", "token_max_days", "tokens_valid_from")),
    ]
