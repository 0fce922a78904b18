"""The dispatcher sees which tenants have work that waits: their ids, and those of integrations to be deleted."""

from django.db import migrations, models

CREATE = """
CREATE FUNCTION waiting_work(before timestamptz) RETURNS TABLE (tenant_id bigint, deleting_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    (
        SELECT queued.tenant_id, NULL::bigint FROM (
            SELECT test.tenant_id, test.created_at FROM integrations_accesstest test WHERE test.state = 'queued'
            UNION ALL
            SELECT trial.tenant_id, trial.created_at FROM integrations_settingstrial trial WHERE trial.state = 'queued'
        ) queued
        WHERE queued.created_at < before AND queued.created_at > before - interval '1 hour'
        GROUP BY queued.tenant_id ORDER BY min(queued.created_at) LIMIT 100
    ) UNION ALL (
        SELECT row.tenant_id, row.id FROM integrations_integration row WHERE row.state = 'deleting'
        ORDER BY row.id LIMIT 100
    )
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0026_run_that_changed")]

    operations = [
        migrations.AddIndex(
            "integration",
            models.Index(fields=["id"], condition=models.Q(state="deleting"), name="integration_deleting"),
        ),
        migrations.RunSQL(CREATE, "DROP FUNCTION waiting_work;"),
    ]
