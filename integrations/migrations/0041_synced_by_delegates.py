"""Syncs that delegates ask for who may not approve removals: no run of the released version is called so."""

from django.db import migrations, models

_TRIGGERS = [
    ("created", "Integration created"),
    ("manual", "Sync Integration"),
    ("scheduled", "Schedule"),
    ("event", "Event from AWS"),
    ("command", "Command line"),
    ("settings", "Discovery Settings"),
    ("selection", "Accounts to mirror"),
    ("approval", "Approve"),
    ("delegate", "Sync Integration by a delegate"),
]


class Migration(migrations.Migration):
    dependencies = [("integrations", "0040_delegations")]

    operations = [migrations.AlterField("syncrun", "trigger", models.CharField(choices=_TRIGGERS, max_length=10))]
