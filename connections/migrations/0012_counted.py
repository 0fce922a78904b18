"""What is below a folder is counted from an index of its own, made while syncs go on."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

_UNFINISHED = 'DROP INDEX CONCURRENTLY IF EXISTS connection_counted'  # of an attempt that was broken off


class Migration(migrations.Migration):

    atomic = False
    dependencies = [('connections', '0011_account_facts')]

    operations = [
        migrations.RunSQL(_UNFINISHED, migrations.RunSQL.noop),
        AddIndexConcurrently(
            'connection',
            models.Index(
                fields=['tenant', 'folder', 'state', 'health'],
                name='connection_counted',
                condition=models.Q(('removed_at__isnull', True)),
            ),
        ),
    ]
