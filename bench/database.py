"""A database of its own for the benchmarks, used as the plain role under row-level security, as in production."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from bench.table import fastest_of
from tests import factories
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Plan


@contextmanager
def a_database() -> Iterator[None]:
    """Create it as the owner, and drop it afterwards."""
    owner = connections["owner"]
    name = owner.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    owner.close()
    connection.close()
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        owner.creation.destroy_test_db(name, verbosity=0)


def a_scope(handle: str) -> Scope:
    """Make a tenant with one organization."""
    person = factories.user(handle)
    tenant = factories.tenant(handle, owner=person, plan=Plan.ENTERPRISE)
    with isolation.as_tenant(tenant.pk):
        return Scope(tenant, factories.organization(Scope(tenant), "main", owner=person))


def analyze() -> None:
    """Let the planner know the rows, and that all see them, as autovacuum does within a minute."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connections["owner"].close()


def undone(runs: int, once: Callable[[], object]) -> float:
    """Time it in a transaction of its own, the checks of its commit included, and roll it back."""
    return fastest_of(runs, undoing(once))


def undoing(once: Callable[[], object]) -> Callable[[], None]:
    """Give what does that once."""

    def timed() -> None:
        with transaction.atomic():
            once()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            transaction.set_rollback(True)

    return timed


def rows_written(once: Callable[[], object]) -> tuple[int, int]:
    """Count the statements of it, as if it were a transaction of its own bound to its tenant, and its rows."""
    with transaction.atomic():
        before = _written()
        with CaptureQueriesContext(connection) as captured:
            once()
        written = _written() - before
        transaction.set_rollback(True)
    return len(captured) + _BEGIN_BIND_COMMIT, written


_BEGIN_BIND_COMMIT = 3


def _written() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables")
        return int(cursor.fetchone()[0])
