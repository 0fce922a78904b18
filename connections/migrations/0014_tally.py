"""The table in which the database keeps how many connections there are."""

import django.db.models.deletion
from django.db import migrations, models

from workspaces.migrations._steps import isolate


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0013_watched'),
        ('workspaces', '0012_changes'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('root_id', models.BigIntegerField(null=True)),
                ('folder_id', models.BigIntegerField()),
                ('plugin', models.CharField(max_length=30)),
                ('state', models.CharField(max_length=20)),
                ('health', models.CharField(max_length=10)),
                ('number', models.BigIntegerField()),
                ('keys', models.BigIntegerField()),
                ('organization', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='workspaces.organization')),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='workspaces.tenant')),
                ('workspace', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='workspaces.workspace')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'folder_id'], name='tally_of_folder')],
            },
        ),
        isolate('connections_tally'),
    ]
