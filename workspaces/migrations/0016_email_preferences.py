"""Which emails of the vendor's a person wants: kept for programs that set it, though there are none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0015_tokens")]

    operations = [
        migrations.AddField(
            "user", "email_preferences", models.JSONField(db_default={}, default=dict, editable=False)
        ),
    ]
