"""What a demo shows of the logs of its programs."""

import pytest

from launcher import supervisor


@pytest.mark.parametrize(
    ("line", "is_shown"),
    [
        ("2026-11-29T21:54:52Z [info     ] Starting gunicorn 27.0.1       [gunicorn.error]", False),
        ("2026-11-29T21:54:52Z [error    ] Worker failed to boot.         [gunicorn.error]", True),
        ("2026-11-29T21:54:52Z [warning  ] database_away", True),
        ("FATAL:  the database system is starting up", True),
    ],
)
def test_what_went_wrong_is_shown(line: str, is_shown: bool) -> None:
    assert bool(supervisor._WORTH_SHOWING.search(line)) is is_shown
