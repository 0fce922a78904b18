"""Lists find their rows in order by indexes; the one from which pages counted is needed no more."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Coalesce, Lower, NullIf

from connections.models.node import SortedAsTitle

_UNFINISHED = [  # of an attempt that was broken off
    'DROP INDEX CONCURRENTLY IF EXISTS connection_by_name',
    'DROP INDEX CONCURRENTLY IF EXISTS connection_by_handle',
]
_SHOWN = Coalesce(NullIf('title', models.Value('')), SortedAsTitle('handle'), output_field=models.CharField())
_NO_MORE = 'DROP INDEX CONCURRENTLY IF EXISTS connection_counted'
_AS_BEFORE = """
    CREATE INDEX CONCURRENTLY connection_counted ON connections_connection (tenant_id, folder_id, state, health)
    WHERE removed_at IS NULL
"""


class Migration(migrations.Migration):

    atomic = False
    dependencies = [('connections', '0016_versions')]

    operations = [
        migrations.RunSQL(_UNFINISHED, migrations.RunSQL.noop),
        AddIndexConcurrently(
            'connection',
            models.Index(
                models.F('tenant'),
                Lower(_SHOWN),
                models.F('id'),
                condition=models.Q(('removed_at__isnull', True)),
                name='connection_by_name',
            ),
        ),
        AddIndexConcurrently(
            'connection',
            models.Index(
                fields=['tenant', 'organization', 'workspace', 'handle', 'folder', 'state'],
                condition=models.Q(('removed_at__isnull', True)),
                name='connection_by_handle',
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveIndex('connection', 'connection_counted')],
            database_operations=[migrations.RunSQL(_NO_MORE, [_NO_MORE, _AS_BEFORE])],
        ),
    ]
