"""Events are looked at one by one; what is known of the inlet says how long full syncs may rest.

The version before goes on beside it: what it does not know has a value of the database's.
"""

import django.db.models.deletion
from django.db import migrations, models

from workspaces.migrations._steps import isolate, tenant_key


def _moment(model: str, name: str) -> migrations.AddField:
    return migrations.AddField(model, name, models.DateTimeField(null=True))


class Migration(migrations.Migration):
    dependencies = [("integrations", "0034_kept_impact")]

    operations = [
        _moment("syncschedule", "events_rest_until"),
        _moment("syncschedule", "full_due_at"),
        _moment("syncschedule", "read_all_at"),
        _moment("syncschedule", "heard_at"),
        _moment("syncschedule", "missed_at"),
        _moment("syncschedule", "untold_at"),
        migrations.AddField("syncschedule", "why_full", models.CharField(max_length=300, default="", db_default="")),
        migrations.AddField(
            "syncschedule", "rest_seconds", models.PositiveIntegerField(default=86400, db_default=86400)
        ),
        migrations.AddField(
            "syncrun",
            "kind",
            models.CharField(
                max_length=8,
                choices=[("full", "Full sync"), ("targeted", "Targeted sync")],
                default="full",
                db_default="full",
            ),
        ),
        migrations.AddField("syncrun", "events", models.JSONField(null=True)),
        migrations.AddField(
            "syncrun", "why_full", models.CharField(max_length=300, blank=True, default="", db_default="")
        ),
        migrations.AddField("syncrun", "covered", models.JSONField(null=True)),
        migrations.AddField("syncrun", "lag_seconds", models.FloatField(null=True)),
        migrations.AddField("syncrun", "differing", models.PositiveIntegerField(null=True)),
        migrations.AddField("syncrun", "unreported", models.PositiveIntegerField(null=True)),
        migrations.AlterField(
            "syncrun",
            "phase",
            models.CharField(
                blank=True,
                choices=[
                    ("checking", "Checking access"),
                    ("reading", "Reading the AWS organization"),
                    ("confirming", "Making sure that what is missing is gone"),
                    ("comparing", "Updating the tree"),
                    ("lagging", "Waiting until AWS shows the change"),
                ],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            "AwsEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=64)),
                ("occurred_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("hints", models.JSONField()),
                ("looks", models.PositiveSmallIntegerField(default=0)),
                ("look_at", models.DateTimeField()),
                (
                    "integration",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="integrations.integration",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="workspaces.tenant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("integration", "event_id", "tenant"), name="event_once")
                ]
            },
        ),
        isolate("integrations_awsevent"),
        tenant_key("integrations_awsevent", "integration", "integrations_integration", on_delete="ON DELETE CASCADE"),
    ]
