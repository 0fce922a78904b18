"""What the database has counted of connections beside a recount."""

from django.db import connection

_KIND = "tenant_id, organization_id, workspace_id, root_id, {}, plugin, state, health"
_WRONG = f"""
    SELECT {_KIND.format("folder_id")}, sum(number), sum(keys) FROM (
        SELECT {_KIND.format("folder_id")}, number, keys FROM connections_tally
        UNION ALL SELECT {_KIND.format("coalesce(folder_id, 0)")}, -1, -id FROM connections_connection
        WHERE removed_at IS NULL
    ) each GROUP BY {_KIND.format("folder_id")} HAVING sum(number) <> 0 OR sum(keys) <> 0
"""


def miscounted() -> list[tuple[object, ...]]:
    """Find what of the bound tenant is counted wrong."""
    with connection.cursor() as cursor:
        cursor.execute(_WRONG)
        return list(cursor.fetchall())
