"""The walls between tenants."""

from django.db import migrations

from workspaces.migrations._steps import isolate, scope_keys


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial"), ("workspaces", "0002_walls")]

    operations = [
        isolate("integrations_draft"),
        isolate("integrations_integration"),
        isolate("integrations_accesstest"),
        isolate("integrations_syncrun"),
        scope_keys("integrations_draft", has_workspace=False),
        scope_keys("integrations_integration", has_workspace=False),
    ]
