"""Verbs on integrations that are delegated to members."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from workspaces.migrations._steps import delegations


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('integrations', '0039_sent_keys'),
        ('workspaces', '0019_delegations'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='integration',
            options={'permissions': [('sync_integration', 'Can sync integration'), ('approve_removals', 'Can approve removals'), ('configure_integration', 'Can configure integration')]},
        ),
        migrations.CreateModel(
            name='IntegrationDelegation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('content_object', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='integrations.integration')),
                ('created_by', models.ForeignKey(db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('membership', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='workspaces.membership')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.tenant')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('content_object', 'user', 'permission'), name='integrationdelegation_once')],
            },
        ),
        *delegations("integrations_integrationdelegation", "integrations_integration"),
    ]
