"""What belongs to an integration names rows of its own tenant only."""

import django.db.models.deletion
from django.db import migrations, models

from workspaces.migrations._steps import plain_key_undone, tenant_key, tenant_rows

_KEYS = (
    ("integration", "root_folder", "connections_folder"),
    ("settingstrial", "integration", "integrations_integration"),
    ("syncrun", "integration", "integrations_integration"),
    ("syncschedule", "integration", "integrations_integration"),
)
# Those that go with the row that they name, whoever deletes it; each has a plain key so far, under the same name.
_CASCADING = (
    ("accountaccess", "connection", "connections_connection"),
    ("delivery", "integration", "integrations_integration"),
    ("delivery", "run", "integrations_syncrun"),
    ("delivery", "webhook", "integrations_webhook"),
    ("deliverydue", "delivery", "integrations_delivery"),
    ("emailnotifications", "integration", "integrations_integration"),
    ("eventinlet", "integration", "integrations_integration"),
    ("webhook", "integration", "integrations_integration"),
)


def _drop_plain_key(table: str, name: str, target: str) -> migrations.RunSQL:
    key = f"integrations_{table}_{name}"
    return migrations.RunSQL(
        f"ALTER TABLE integrations_{table} DROP CONSTRAINT IF EXISTS {key}",
        f"ALTER TABLE integrations_{table} DROP CONSTRAINT IF EXISTS {key};"
        f"ALTER TABLE integrations_{table} ADD CONSTRAINT {key}"
        f" FOREIGN KEY ({name}_id) REFERENCES {target} (id) ON DELETE CASCADE",
    )



class Migration(migrations.Migration):
    atomic = False  # large tables are not locked while their rows are read

    dependencies = [
        ('connections', '0010_keys_with_tenant'),
        ('integrations', '0020_asked_while_a_sync_runs'),
    ]

    operations = [
        *(tenant_rows(f"integrations_{table}") for table in ("integration", "syncrun", "webhook", "delivery")),
        *(tenant_key(f"integrations_{table}", name, target) for table, name, target in _KEYS),
        *(
            tenant_key(f"integrations_{table}", name, target, on_delete="ON DELETE CASCADE")
            for table, name, target in _CASCADING
        ),
        # The plain keys go.
        *(_drop_plain_key(*key) for key in _CASCADING),
        migrations.AlterField(
            model_name='integration',
            name='root_folder',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='integration', to='connections.folder'),
        ),
        migrations.AlterField(
            model_name='settingstrial',
            name='integration',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='trial', to='integrations.integration'),
        ),
        migrations.AlterField(
            model_name='syncrun',
            name='integration',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='integrations.integration'),
        ),
        migrations.AlterField(
            model_name='syncschedule',
            name='integration',
            field=models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='schedule', serialize=False, to='integrations.integration'),
        ),
        *(plain_key_undone(f"integrations_{table}", name) for table, name, _ in _KEYS),
    ]
