"""Rows of a tenant can name a membership of it."""

from django.db import migrations

from workspaces.migrations._steps import tenant_rows


class Migration(migrations.Migration):
    atomic = False  # the members' table is not locked while its index is made
    dependencies = [("workspaces", "0013_versions")]

    operations = [tenant_rows("workspaces_membership")]
