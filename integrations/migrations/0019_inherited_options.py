"""What was made by hand keeps only the options that somebody chose, so that the others are inherited."""

from django.db import migrations

# Until now each carried all its options, and began with these. None of them changes by this: no folder that was made
# by hand could carry any, and what carries none begins with the same.
_FORGET = """
    UPDATE connections_connection SET options = coalesce(
        (
            SELECT jsonb_object_agg(chosen.key, chosen.value) FROM jsonb_each(options) chosen
            WHERE chosen.value IS DISTINCT FROM '{
                "regions": ["*"], "default_region": "", "max_error_retry_attempts": 9, "min_error_retry_delay": 25,
                "ignore_error_codes": []
            }'::jsonb -> chosen.key
        ), '{}'
    )
    WHERE NOT is_managed
"""


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0018_rest_between_events'),
        ('connections', '0007_health'),
    ]

    operations = [migrations.RunSQL(_FORGET, migrations.RunSQL.noop)]
