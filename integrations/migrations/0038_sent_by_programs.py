"""What programs send: settings as they wrote them, and trials that are saved when they are read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0037_versions")]

    operations = [
        migrations.AddField("integration", "sent_config", models.JSONField(editable=False, null=True)),
        migrations.AddField("settingstrial", "is_unattended", models.BooleanField(db_default=False, default=False)),
    ]
