"""Who is told what, and the outbox."""

import django.db.models.deletion
import django.utils.timezone
import integrations.models.notifications
import uuid
from django.db import migrations, models

from workspaces.migrations._steps import isolate

# Integrations and their runs are deleted below Django too; what belongs to them goes with them.
_KEYS = (
    ("emailnotifications", "integration", "integration"),
    ("webhook", "integration", "integration"),
    ("delivery", "integration", "integration"),
    ("delivery", "run", "syncrun"),
    ("delivery", "webhook", "webhook"),
    ("deliverydue", "delivery", "delivery"),
)


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0011_fair_schedule'),
        ('workspaces', '0004_search_path_prefix'),
    ]

    operations = [
        migrations.AddField(
            model_name='syncschedule',
            name='failing_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name='EmailNotifications',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('topics', models.JSONField(default=integrations.models.notifications.urgent)),
                ('to_owners', models.BooleanField(default=True)),
                ('addresses', models.JSONField(default=list)),
                ('version', models.PositiveIntegerField(default=1)),
                ('integration', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.integration')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=60)),
                ('origin', models.CharField(max_length=300)),
                ('sealed_url', models.TextField(editable=False)),
                ('sealed_secret', models.TextField(editable=False)),
                ('sealed_former_secret', models.TextField(blank=True, editable=False)),
                ('former_secret_until', models.DateTimeField(null=True)),
                ('topics', models.JSONField(default=list)),
                ('is_on', models.BooleanField(default=True)),
                ('off_reason', models.TextField(blank=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('integration', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.integration')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('event', models.CharField(choices=[('sync.changed', 'Changes'), ('sync.needs_approval', 'Needs approval'), ('sync.failing', 'Syncs fail'), ('sync.recovered', 'Syncs work again'), ('test', 'Test')], max_length=30)),
                ('failing_since', models.DateTimeField(null=True)),
                ('email', models.CharField(blank=True, max_length=254)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('error', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('tried_at', models.DateTimeField(null=True)),
                ('next_try_at', models.DateTimeField(null=True)),
                ('integration', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.integration')),
                ('run', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.syncrun')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.tenant')),
                ('webhook', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='integrations.webhook')),
            ],
        ),
        migrations.CreateModel(
            name='DeliveryDue',
            fields=[
                ('delivery', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='due', serialize=False, to='integrations.delivery')),
                ('tenant_id', models.BigIntegerField()),
                ('due_at', models.DateTimeField()),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('claim', models.UUIDField(null=True)),
                ('claim_expires_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'due_at'], name='delivery_due_by_tenant')],
            },
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['integration', '-id'], name='delivery_by_integration'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('webhook', None), models.Q(('email', ''), _negated=True)), models.Q(('email', ''), ('webhook__isnull', False)), _connector='OR'), name='delivery_has_one_destination'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('run', 'event', 'webhook'), name='delivery_once_a_webhook'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(condition=models.Q(('webhook', None)), fields=('run', 'event', 'email'), name='delivery_once_an_address'),
        ),
        isolate("integrations_emailnotifications"),
        isolate("integrations_webhook"),
        isolate("integrations_delivery"),
        *(
            migrations.RunSQL(
                f"ALTER TABLE integrations_{table} ADD CONSTRAINT integrations_{table}_{key}"
                f" FOREIGN KEY ({key}_id) REFERENCES integrations_{target} (id) ON DELETE CASCADE",
                migrations.RunSQL.noop,
            )
            for table, key, target in _KEYS
        ),
    ]
