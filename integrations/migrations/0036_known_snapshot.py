"""What was read a moment ago is kept for the run that need not read it again, whose record says so."""

import django.db.models.deletion
from django.db import migrations, models

from workspaces.migrations._steps import isolate, tenant_key

_READ_BY = [("test", "Test Discovery"), ("preview", "Preview"), ("question", "the sync that asked")]


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0035_targeted_syncs"),
    ]

    operations = [
        migrations.AddField("syncrun", "read_by", models.CharField(blank=True, choices=_READ_BY, db_default="", default="", max_length=10)),
        migrations.AddField("syncrun", "read_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="KnownSnapshot",
            fields=[
                (
                    "integration",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="integrations.integration",
                    ),
                ),
                ("read_by", models.CharField(choices=_READ_BY, max_length=10)),
                ("read_at", models.DateTimeField()),
                ("fingerprint", models.CharField(max_length=64)),
                ("newest_run", models.BigIntegerField(null=True)),
                ("event_at", models.DateTimeField(null=True)),
                ("snapshot", models.BinaryField()),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="workspaces.tenant"
                    ),
                ),
            ],
        ),
        isolate("integrations_knownsnapshot"),
        # It goes with its integration, whoever deletes that.
        tenant_key(
            "integrations_knownsnapshot", "integration", "integrations_integration", on_delete="ON DELETE CASCADE"
        ),
    ]
