"""A database of its own for the benchmarks, used as the plain role under row-level security, as in production."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, connections

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
    """Let the planner know the rows, as autovacuum does within a minute."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    connections["owner"].close()
