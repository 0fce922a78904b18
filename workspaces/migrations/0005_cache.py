"""The table that stands in for Redis as the cache while that is away.

Nothing in it outlives a day, so it is not written to PostgreSQL's log: that is fast, and a crash empties it.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0004_search_path_prefix")]

    operations = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE pipes_cache (
                cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
            );
            CREATE INDEX pipes_cache_expires ON pipes_cache (expires);
            """,
            "DROP TABLE pipes_cache;",
        )
    ]
