"""What lies below a folder is a range of the index of paths; a function in the join would lose that.

Under row-level security, PostgreSQL uses an index only with comparisons that call nothing which might leak a row. On a
small table it uses none of this, so its plan is asked for the comparisons themselves.
"""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connections import sharing, tree_listing
from connections.models import Schema
from connections.schemas import in_use, workspace_uses
from tests import factories
from tests.conftest import Cast
from workspaces import isolation

Ask = Callable[[Cast, int], object]

_ASKS: dict[str, Ask] = {
    "what a workspace may use, and what it has in use": lambda cast, top: list(
        in_use.contents(cast.fireworks).connections
    ),
    "how much is in a folder": lambda cast, top: tree_listing.children(cast.at_tenant, None)[:10],
    "who uses a tree": lambda cast, top: workspace_uses.uses_of([top], [], names=["a"], whole=()),
}


@pytest.mark.parametrize("asked", _ASKS)
def test_the_ends_of_subtrees_are_worked_out_before_paths_are_compared_with_them(cast: Cast, asked: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        top = factories.folder(cast.at_tenant, "Top")
        factories.connection(cast.at_tenant, "Leaf", folder=factories.folder(cast.at_tenant, "Below", parent=top))
        sharing.set_grants(top, [cast.at_tenant])
        Schema.objects.create(**cast.at_workspace.keys, folder=top)
        with CaptureQueriesContext(connection) as captured:
            _ASKS[asked](cast, top.pk)
        *_, sql = [query["sql"] for query in captured if "path >= " in query["sql"]]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}")
            plan = [line for (line,) in cursor.fetchall()]
    comparisons = [line for line in plan if re.search(r"path\)::text < ", line)]
    assert comparisons
    assert not [line for line in comparisons if re.search(r"path\)::text < [^)]*\w\(", line)], comparisons
