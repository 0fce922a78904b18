"""The words of a run's states; nothing of it is in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0028_run_about_access")]

    operations = [
        migrations.AlterField(
            "syncrun",
            "state",
            models.CharField(
                choices=[
                    ("queued", "Waiting"),
                    ("running", "Running"),
                    ("succeeded", "Synced"),
                    ("failed", "Failed"),
                    ("needs_approval", "Needs approval"),
                    ("approved", "Approved"),
                    ("applied", "Approved, applied"),
                    ("discarded", "Discarded"),
                    ("superseded", "Replaced"),
                ],
                default="queued",
                max_length=14,
            ),
        ),
    ]
