"""What names a workspace can be held to one of its own tenant."""

from django.db import migrations

from workspaces.migrations._steps import tenant_rows


class Migration(migrations.Migration):
    atomic = False  # the index is made while rows are written
    dependencies = [("workspaces", "0017_service_accounts")]

    operations = [tenant_rows("workspaces_workspace")]
