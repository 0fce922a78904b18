"""Every URL, asked by an operator with support access: pages are looked at, nothing is changed or taken away."""

import pytest
from django.db import connection, transaction
from django.test import Client

from tests.architecture.everything import Everything, all_urls
from tests.conftest import Cast
from workspaces import isolation
from workspaces.models import User
from workspaces.people import support_access

URLS = all_urls()


def rows_of(cast: Cast) -> int:
    """How many rows the tenant's tables have, but for the audit log."""
    with isolation.as_tenant(cast.acme.pk), connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " WHERE relkind = 'r' AND attname = 'tenant_id' AND relname <> 'workspaces_auditevent'"
        )
        tables = [str(name) for (name,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in tables))
        return sum(count for (count,) in cursor.fetchall())


@pytest.mark.sweep
def test_an_operator_with_support_access_only_looks(cast: Cast, installer: User, as_operator: Client) -> None:
    everything = Everything(cast)
    support_access.begin(tenant=cast.acme, reason="Ticket 4711", by=installer, now=installer.joined_at)
    before, opened, wrong = rows_of(cast), 0, []
    for (name, level), arguments in URLS.items():
        if level == "-":
            continue
        url = everything.url(name, level, arguments)
        with transaction.atomic():
            looked = as_operator.get(url)
        opened += looked.status_code == 200
        if looked.status_code not in (200, 302, 403, 404, 405) or looked.has_header("Content-Disposition"):
            wrong.append(f"GET {url} {looked.status_code}")
        if b"/setup-files/" in getattr(looked, "content", b""):
            wrong.append(f"GET {url} gives the address of a file")
        changed = as_operator.post(url)
        if changed.status_code != 403 or b"Support access to acme is for looking" not in changed.content:
            wrong.append(f"POST {url} {changed.status_code}")
    assert wrong == []
    assert opened > 50
    assert rows_of(cast) == before
