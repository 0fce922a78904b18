"""Each new run gets its number from the database, so that the version before, which knows of none, gives one too."""

from django.db import migrations, models

_DROP_INDEX = "DROP INDEX CONCURRENTLY IF EXISTS run_number"
_INDEX = (
    "CREATE UNIQUE INDEX CONCURRENTLY run_number ON integrations_syncrun (integration_id, number, tenant_id)"
    " WHERE number > 0"
)
# Two runs of one integration are made one after the other: who makes one holds the schedule's row.
_FUNCTION = """
CREATE OR REPLACE FUNCTION number_sync_run() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM integrations_syncschedule WHERE integration_id = NEW.integration_id FOR UPDATE;
    SELECT COALESCE(max(number), 0) + 1 INTO NEW.number FROM integrations_syncrun
    WHERE integration_id = NEW.integration_id AND number > 0;
    RETURN NEW;
END
$$
"""
_DROP_TRIGGER = "DROP TRIGGER IF EXISTS run_is_numbered ON integrations_syncrun"
_TRIGGER = (
    "CREATE TRIGGER run_is_numbered BEFORE INSERT ON integrations_syncrun FOR EACH ROW"
    " EXECUTE FUNCTION number_sync_run()"
)
_DROP_FUNCTION = "DROP FUNCTION IF EXISTS number_sync_run()"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("integrations", "0030_run_number")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(_DROP_INDEX, _DROP_INDEX),
                migrations.RunSQL(_INDEX, migrations.RunSQL.noop),
            ],
            state_operations=[
                migrations.AddConstraint(
                    "syncrun",
                    models.UniqueConstraint(
                        fields=["integration", "number", "tenant"],
                        condition=models.Q(number__gt=0),
                        name="run_number",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(_FUNCTION, _DROP_FUNCTION),
        migrations.RunSQL(_DROP_TRIGGER, migrations.RunSQL.noop),
        migrations.RunSQL(_TRIGGER, _DROP_TRIGGER),
    ]
