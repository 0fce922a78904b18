"""The whole tree as one stream."""

import json

import pytest

from connections.api import stream
from connections.models import Folder
from tests import factories
from tests.conftest import Cast
from tests.programs import ProgramOf
from workspaces import isolation


def test_each_node_is_a_line_however_many_are_read_at_once(
    program: ProgramOf, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_AT_ONCE", 3)
    with isolation.as_tenant(cast.acme.pk):
        top = factories.integration(cast.at_org, "main", by=cast.org_owner).root_folder
        factories.grow(top, folders=4, connections=7)
        factories.folder(cast.at_tenant, "of the tenant")
        there = Folder.objects.in_scope(cast.at_org).count()
    ours = program(cast.org_owner)
    answer = ours("GET", "/org/tnt/connection_tree/stream")
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert answer["Content-Type"] == "application/x-ndjson"
    kinds = [line["type"] for line in lines]
    assert kinds == ["connection-folder"] * there + ["connection"] * (len(lines) - there)
    assert len({line["id"] for line in lines}) == len(lines) > there > 3
    listed = ours.get("/org/tnt/connection_tree?limit=100")["items"]
    assert {line["id"]: line for line in lines} == {one["id"]: one for one in listed}
