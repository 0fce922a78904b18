"""Verbs on tenants, organizations and workspaces that are delegated to members."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from workspaces.migrations._steps import delegations


class Migration(migrations.Migration):

    dependencies = [
        ('guardian', '0003_remove_groupobjectpermission_guardian_gr_content_ae6aec_idx_and_more'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('workspaces', '0018_workspaces_in_tenant'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='organization',
            options={'permissions': [('view_audit_log', 'Can view audit log')]},
        ),
        migrations.AlterModelOptions(
            name='tenant',
            options={'permissions': [('view_audit_log', 'Can view audit log')]},
        ),
        migrations.AlterModelOptions(
            name='workspace',
            options={'permissions': [('use_schemas', 'Can use schemas'), ('manage_schemas', 'Can manage schemas')]},
        ),
        migrations.CreateModel(
            name='OrganizationDelegation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('content_object', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='workspaces.organization')),
                ('created_by', models.ForeignKey(db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('membership', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='workspaces.membership')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.tenant')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('content_object', 'user', 'permission'), name='organizationdelegation_once')],
            },
        ),
        migrations.CreateModel(
            name='TenantDelegation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('content_object', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='workspaces.tenant')),
                ('created_by', models.ForeignKey(db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('membership', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='workspaces.membership')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.tenant')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('content_object', 'user', 'permission'), name='tenantdelegation_once'), models.CheckConstraint(condition=models.Q(('content_object', models.F('tenant'))), name='tenantdelegation_own_tenant')],
            },
        ),
        migrations.CreateModel(
            name='WorkspaceDelegation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('content_object', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='workspaces.workspace')),
                ('created_by', models.ForeignKey(db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('membership', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='workspaces.membership')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.tenant')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('content_object', 'user', 'permission'), name='workspacedelegation_once')],
            },
        ),
        # What guardian keeps where it finds no table for a kind of thing knows no tenants: nobody reads or writes there.
        *(
            migrations.RunSQL(
                f"ALTER TABLE guardian_{who}objectpermission ENABLE ROW LEVEL SECURITY",
                f"ALTER TABLE guardian_{who}objectpermission DISABLE ROW LEVEL SECURITY",
            )
            for who in ("user", "group")
        ),
        *delegations("workspaces_tenantdelegation"),
        *delegations("workspaces_organizationdelegation", "workspaces_organization"),
        *delegations("workspaces_workspacedelegation", "workspaces_workspace"),
    ]
