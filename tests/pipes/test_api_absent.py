"""What Pipes has and we do not is answered so that its clients go on."""

import pytest

from tests.conftest import Cast
from tests.programs import ProgramOf

AT = "/org/tnt/workspace/fireworks"


@pytest.mark.parametrize(
    "path",
    [
        *("/user/{me}/workspace", "/user/{me}/conn", "/user/{me}/integration", "/user/{me}/process?where="),
        *("/notifier", "/org/tnt/notifier", f"{AT}/notifier", "/usage", f"{AT}/usage", "/org/tnt/constraint"),
        *(f"{AT}/mod", f"{AT}/flowpipe/trigger", f"{AT}/pipeline", f"{AT}/snapshot?limit=100", f"{AT}/db_log"),
        *("/org/tnt/billing", "/plan"),
    ],
)
def test_a_list_is_empty_for_who_may_look_and_nothing_for_others(program: ProgramOf, cast: Cast, path: str) -> None:
    reader, stranger = program(cast.reader), program(cast.stranger, cast.globex)
    path = path.format(me=cast.reader.handle)
    assert reader.get(path) == {"items": []}
    if "/org/" in path or "/user/" in path:
        assert stranger("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("POST", "/user/{me}/workspace", 403, "Personal workspaces are disabled"),
        ("GET", "/user/{me}/workspace/one", 404, ""),
        ("POST", "/org/tnt/notifier", 501, "not a part"),
        ("GET", f"{AT}/snapshot/snap_1", 404, ""),
        ("POST", f"{AT}/mod", 501, "not a part"),
        ("POST", f"{AT}/query", 501, "No query engine runs here"),
        ("GET", f"{AT}/query/data.json?sql=select", 501, "No query engine runs here"),
        ("GET", f"{AT}/schema/prod/table", 501, "No query engine runs here"),
        ("POST", "/login/token", 501, "make a token at Profile"),
        ("GET", "/user/{me}/avatar", 404, ""),
        ("POST", "/user/{me}/avatar", 501, "not a part"),
        ("GET", "/user/{me}/password", 404, ""),
        ("POST", "/tenant", 403, "operator"),
        ("DELETE", "/tenant/acme", 403, "operator"),
        ("POST", f"{AT}/command", 400, "nothing to"),
    ],
)
def test_what_would_be_done_is_refused_with_the_reason(
    program: ProgramOf, cast: Cast, method: str, path: str, status: int, said: str
) -> None:
    answer = program(cast.workspace_owner)(method, path.format(me=cast.workspace_owner.handle), {})
    assert answer.status_code == status, answer.content
    assert said in answer.json()["detail"]
