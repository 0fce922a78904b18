from django.db import migrations


class Migration(migrations.Migration):
    operations = [
        migrations.RunSQL(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", migrations.RunSQL.noop)
        for table in ("workspaces_tenant", "django_session")
    ]
