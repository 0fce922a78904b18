"""What of a config that a program sent for a connection made by hand comes back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0038_sent_by_programs")]

    operations = [
        migrations.AddField("accountaccess", "sent_keys", models.JSONField(editable=False, null=True)),
    ]
