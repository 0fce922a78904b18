"""What is to be folded is found by an index of its own; one that another index holds already goes.

Both while syncs go on, for this is the largest table. Altering the field alone would not do: Django would drop each
index that begins with the column, also those that hold "one open run" and "one question".
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

_UNFINISHED = 'DROP INDEX CONCURRENTLY IF EXISTS run_to_fold'  # of an attempt that was broken off
_DROP = 'DROP INDEX CONCURRENTLY IF EXISTS integrations_syncrun_integration_id_2cb557cd'
_CREATE = 'CREATE INDEX CONCURRENTLY integrations_syncrun_integration_id_2cb557cd ON integrations_syncrun (integration_id)'


class Migration(migrations.Migration):

    atomic = False
    dependencies = [('integrations', '0024_folded_runs')]

    operations = [
        migrations.RunSQL(_UNFINISHED, migrations.RunSQL.noop),
        AddIndexConcurrently(
            'syncrun',
            models.Index(
                fields=['integration', 'id'],
                name='run_to_fold',
                condition=models.Q(
                    folded_runs=None, state='succeeded', trigger__in=['scheduled', 'event'], counts={}
                ),
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(_DROP, [_DROP, _CREATE])],
            state_operations=[
                migrations.AlterField(
                    'syncrun',
                    'integration',
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name='runs',
                        to='integrations.integration',
                    ),
                ),
            ],
        ),
    ]
