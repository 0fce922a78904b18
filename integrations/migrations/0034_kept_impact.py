"""A run keeps what it has meant to workspaces; those of before, and of the version before, keep nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0033_member_policy")]

    operations = [migrations.AddField("syncrun", "impact", models.JSONField(null=True))]
