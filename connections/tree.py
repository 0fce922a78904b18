"""The tree of folders: path arithmetic and the queries built on it.

``parent`` is the truth; ``path`` is derived from it: the primary keys from the top down to the folder itself, each
followed by a slash (``"12/40/97/"``). Whatever lies below a folder has a path that starts with the folder's own.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from django.db import connection, models

PATH_MAX_LENGTH: Final = 500


class PathField(models.CharField[str, str]):
    """A folder's path; compared byte by byte, so that prefixes use the index."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"max_length": PATH_MAX_LENGTH, "db_collation": "C", "editable": False}))


@PathField.register_lookup
class Under(models.Lookup[str]):
    """``path__under=p``: p itself and all below it, by the index (LIKE would lose it under row-level security)."""

    lookup_name = "under"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_parameters = self.process_lhs(compiler, connection)
        right, right_parameters = self.process_rhs(compiler, connection)
        return f"{left} ^@ {right}", (*left_parameters, *right_parameters)


def among(ids: Collection[int]) -> models.Func:
    """Make what ``__in`` takes of ids that may be many: a set, while a planner weighs a list one by one.

    Planning with three lists of 5,000 ids took 31 ms, longer than to find the rows. They are one text, because Django
    looks at each of a list's items: that took 9 ms.
    """
    written = models.Value("{" + ",".join(map(str, ids)) + "}", output_field=models.TextField())
    unnested = "(SELECT unnest(%(expressions)s::bigint[]))"
    return models.Func(written, template=unnested, output_field=models.BigIntegerField())


# Range by range: joined otherwise, hundreds of paths would be compared with those of all folders.
_UNDER = """(
    WITH top AS MATERIALIZED (
        SELECT path, rtrim(path, '/') || '0' AS path_end FROM unnest(%(expressions)s::text[]) path
    )
    SELECT f.id FROM top CROSS JOIN LATERAL (
        SELECT id FROM connections_folder below
        WHERE below.path >= top.path AND below.path < top.path_end OFFSET 0
    ) f
)"""


def _written(paths: Iterable[str]) -> models.Value:
    return models.Value("{" + ",".join(paths) + "}", output_field=models.TextField())


def under(paths: Iterable[str]) -> models.Func:
    """Make what ``__in`` takes of the folders at these paths and all below them; each is a range, as in sharing."""
    return models.Func(_written(paths), template=_UNDER, output_field=models.BigIntegerField())


def is_under(name: str, paths: Iterable[str]) -> models.Func:
    """Make the condition that a column is one of those folders, tested of each row: rows keep the order of an index."""
    before, _, after = _UNDER.partition("%(expressions)s")
    tested = {"template": f"(%(expressions)s{after}) IS TRUE", "arg_joiner": f" IN {before}"}
    return models.Func(models.F(name), _written(paths), **tested, output_field=models.BooleanField())


class Cover:
    """Folders with all that is below them, by their paths; of some it is known that they are all of a mirror.

    What belongs to a mirror says so itself, and is found without a look at its folders.
    """

    def __init__(self, paths: Iterable[str], mirrors: Collection[int] = ()) -> None:
        self.paths = tuple(tops_of(paths))
        self.mirrors = sorted(pk for pk in mirrors if f"{pk}/" in self.paths)
        self.others = [path for path in self.paths if path.rstrip("/") not in set(map(str, self.mirrors))]

    @property
    def ids(self) -> list[int]:
        """The folders in which it begins: none of them is in another one."""
        return [ids_on(path)[-1] for path in self.paths]

    def has(self, path: str) -> bool:
        """Whether the folder at this path is one of them or below one."""
        return path.startswith(self.paths)

    @property
    def folders(self) -> models.Q:
        """The condition that a folder is."""
        return self._either(models.Q(pk__in=under(self.others)))

    def connections(self, *, in_order: bool = False) -> models.Q:
        """Make the condition that a connection is in one; ``in_order``: a few are read in the order of an index."""
        found = models.Q(is_under("folder_id", self.others)) if in_order else models.Q(folder_id__in=under(self.others))
        return self._either(found)

    @property
    def by_folder(self) -> models.Q:
        """The condition that a connection is in one, which looks at nothing but its folder."""
        return models.Q(is_under("folder_id", self.paths))

    def _either(self, in_others: models.Q) -> models.Q:
        if not self.mirrors:
            return in_others if self.others else models.Q(pk__in=())
        of_mirrors = models.Q(root_id__in=self.mirrors)
        return of_mirrors | in_others if self.others else of_mirrors


def ids_on(path: str) -> list[int]:
    """Read the primary keys from the top folder down to the path's own."""
    return [int(part) for part in path.split("/") if part]


def tops_of(paths: Iterable[str]) -> list[str]:
    """Leave out of these paths those that lie below another one."""
    tops: list[str] = []
    for path in sorted(set(paths)):  # a slash comes before all digits: what is below a folder follows it
        if not (tops and path.startswith(tops[-1])):
            tops.append(path)
    return tops


def ids_under(paths: Sequence[str]) -> list[int]:
    """Find the folders at these paths and all below them, removed ones left out; each is a range, as in sharing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH top AS MATERIALIZED (SELECT path, rtrim(path, '/') || '0' AS path_end FROM unnest(%s::text[]) path)
            SELECT DISTINCT f.id FROM top JOIN connections_folder f ON f.path >= top.path AND f.path < top.path_end
            WHERE f.removed_at IS NULL
            """,
            [list(paths)],
        )
        return [row[0] for row in cursor.fetchall()]


def allocate_ids(model: type[models.Model], count: int) -> list[int]:
    """Reserve primary keys before inserting, so that rows can refer to each other in one bulk write."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def rebuild_paths(root_id: int) -> int:
    """Derive the paths of a folder and all below it from ``parent`` again; gives the number of rows that changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE tree AS (
                SELECT f.id, coalesce(p.path, '') || f.id || '/' AS path
                FROM connections_folder f LEFT JOIN connections_folder p ON p.id = f.parent_id
                WHERE f.id = %s
                UNION ALL
                SELECT f.id, tree.path || f.id || '/' FROM connections_folder f JOIN tree ON f.parent_id = tree.id
            )
            UPDATE connections_folder SET path = tree.path FROM tree
            WHERE connections_folder.id = tree.id AND connections_folder.path <> tree.path
            """,
            [root_id],
        )
        return int(cursor.rowcount)
