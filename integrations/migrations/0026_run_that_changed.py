"""Whether a sync has changed something lately is found by an index of its own, made while syncs go on."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

_UNFINISHED = 'DROP INDEX CONCURRENTLY IF EXISTS run_that_changed'  # of an attempt that was broken off


class Migration(migrations.Migration):

    atomic = False
    dependencies = [('integrations', '0025_run_to_fold')]

    operations = [
        migrations.RunSQL(_UNFINISHED, migrations.RunSQL.noop),
        AddIndexConcurrently(
            'syncrun',
            models.Index(
                fields=['integration', 'finished_at'],
                name='run_that_changed',
                condition=models.Q(('state', 'succeeded'), models.Q(('counts', {}), _negated=True)),
            ),
        ),
    ]
