from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("in_use_app", "0001_two_tables")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY made_in_use ON django_session (expire_date)", "DROP INDEX made_in_use"
        )
    ]
