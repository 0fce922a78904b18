"""A folder, connection, grant or schema names folders and connections of its own tenant only."""

import django.db.models.deletion
from django.db import migrations, models

from workspaces.migrations._steps import plain_key_undone, tenant_key, tenant_rows

_KEYS = (
    ("connection", "folder", "folder"),
    ("connection", "root", "folder"),
    ("folder", "parent", "folder"),
    ("folder", "root", "folder"),
    ("grant", "connection", "connection"),
    ("grant", "folder", "folder"),
    ("schema", "connection", "connection"),
    ("schema", "folder", "folder"),
)


class Migration(migrations.Migration):
    atomic = False  # large tables are not locked while their rows are read

    dependencies = [
        ('connections', '0009_lost_schemas'),
    ]

    operations = [
        tenant_rows("connections_folder"),
        tenant_rows("connections_connection"),
        *(tenant_key(f"connections_{table}", name, f"connections_{target}") for table, name, target in _KEYS),
        # The plain keys go.
        migrations.AlterField(
            model_name='connection',
            name='folder',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='connections', to='connections.folder'),
        ),
        migrations.AlterField(
            model_name='connection',
            name='root',
            field=models.ForeignKey(db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.folder'),
        ),
        migrations.AlterField(
            model_name='folder',
            name='parent',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='children', to='connections.folder'),
        ),
        migrations.AlterField(
            model_name='folder',
            name='root',
            field=models.ForeignKey(db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.folder'),
        ),
        migrations.AlterField(
            model_name='grant',
            name='connection',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='connections.connection'),
        ),
        migrations.AlterField(
            model_name='grant',
            name='folder',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='connections.folder'),
        ),
        migrations.AlterField(
            model_name='schema',
            name='connection',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.connection'),
        ),
        migrations.AlterField(
            model_name='schema',
            name='folder',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='connections.folder'),
        ),
        *(plain_key_undone(f"connections_{table}", name) for table, name, _ in _KEYS),
    ]
