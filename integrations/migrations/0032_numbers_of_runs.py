"""The runs that are there get their numbers, one integration after the other, while syncs of the others go on.

Each is a transaction of its own, in which no run of that integration begins or ends. What is done is done: an attempt
that was broken off goes on where it was.
"""

from django.db import migrations

_NUMBER = """
DO $$
DECLARE
    one bigint;
BEGIN
    FOR one IN SELECT DISTINCT integration_id FROM integrations_syncrun WHERE number = 0 ORDER BY 1 LOOP
        PERFORM set_config('lock_timeout', '10s', true);
        PERFORM FROM integrations_syncschedule WHERE integration_id = one FOR UPDATE;
        -- Those that began meanwhile come after those that were there.
        UPDATE integrations_syncrun SET number = 0 WHERE integration_id = one AND number > 0;
        UPDATE integrations_syncrun run SET number = counted.number FROM (
            SELECT id, row_number() OVER (ORDER BY id) AS number FROM integrations_syncrun WHERE integration_id = one
        ) counted WHERE run.id = counted.id;
        COMMIT;
    END LOOP;
END
$$
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("integrations", "0031_numbered_runs")]

    operations = [migrations.RunSQL(_NUMBER, migrations.RunSQL.noop)]
