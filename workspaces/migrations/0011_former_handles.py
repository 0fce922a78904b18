"""Who left a handle is found without reading the log of a whole tenant."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

_UNFINISHED = 'DROP INDEX CONCURRENTLY IF EXISTS audit_former_handles'  # of an attempt that was broken off


class Migration(migrations.Migration):
    atomic = False  # others write meanwhile

    dependencies = [
        ('workspaces', '0010_first_steps'),
    ]

    operations = [
        migrations.RunSQL(_UNFINISHED, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='auditevent',
            index=models.Index(
                fields=['tenant_id'],
                condition=models.Q(('action__in', ['integration.handle_changed', 'organization.changed', 'tenant.changed', 'workspace.changed'])),
                name='audit_former_handles',
            ),
        ),
    ]
