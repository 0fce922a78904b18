"""What changing and deleting an integration needs to remember."""

import django.db.models.deletion
import django.utils.timezone
import integrations.models.settings
import integrations.models.settings_trial
import uuid
from django.conf import settings
from django.db import migrations, models

from workspaces.migrations._steps import isolate, scope_keys


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0004_wizard'),
        ('workspaces', '0004_search_path_prefix'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='accesstest',
            name='instead',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='integration',
            name='next_connection_external_id',
            field=models.CharField(blank=True, editable=False, max_length=60),
        ),
        migrations.AddField(
            model_name='integration',
            name='next_discovery_external_id',
            field=models.CharField(blank=True, editable=False, max_length=60),
        ),
        migrations.AddField(
            model_name='integration',
            name='state',
            field=models.CharField(choices=[('active', 'Active'), ('deleting', 'Deleting'), ('delete_failed', 'Delete failed')], default='active', max_length=14),
        ),
        migrations.AddField(
            model_name='integration',
            name='unseen_folders',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='integration',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AlterField(
            model_name='syncrun',
            name='trigger',
            field=models.CharField(choices=[('created', 'Integration created'), ('manual', 'Sync Integration'), ('scheduled', 'Schedule'), ('command', 'Command line'), ('settings', 'Discovery Settings')], max_length=10),
        ),
        migrations.CreateModel(
            name='SettingsTrial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('access_mode', models.CharField(choices=[('role', 'Cross-Account Role'), ('key', 'Access Key')], default='role', max_length=10)),
                ('role_arn', models.CharField(blank=True, max_length=2048)),
                ('discovery_external_id', models.CharField(editable=False, max_length=60)),
                ('access_key_id', models.CharField(blank=True, max_length=128)),
                ('sealed_secret_key', models.TextField(blank=True, editable=False)),
                ('handle_prefix', models.CharField(blank=True, max_length=40)),
                ('role_name', models.CharField(blank=True, max_length=64)),
                ('connection_external_id', models.CharField(editable=False, max_length=60)),
                ('options', models.JSONField(default=integrations.models.settings.default_options)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('running', 'Running'), ('ready', 'Ready'), ('failed', 'Failed')], default='queued', max_length=10)),
                ('base_version', models.PositiveIntegerField()),
                ('phase', models.CharField(blank=True, max_length=60)),
                ('folders_read', models.PositiveIntegerField(default=0)),
                ('accounts_read', models.PositiveIntegerField(default=0)),
                ('aws_calls', models.PositiveIntegerField(default=0)),
                ('snapshot', models.BinaryField(default=b'')),
                ('left_out', models.JSONField(default=list)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('progressed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField(default=integrations.models.settings_trial.trial_expiry)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('integration', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='trial', to='integrations.integration')),
                ('organization', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.organization')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.tenant')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), models.Q(('snapshot', b''), _negated=True), _connector='OR'), name='trial_ready_has_snapshot')],
            },
        ),
        isolate("integrations_settingstrial"),
        scope_keys("integrations_settingstrial", has_workspace=False),
    ]
