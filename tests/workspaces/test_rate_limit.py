"""How much may be done within a window."""

from datetime import UTC, datetime, timedelta

import pytest

from workspaces import rate_limit
from workspaces.rate_limit import LimitReachedError, Window

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "length"),
    [(Window.MINUTE, timedelta(minutes=1)), (Window.HOUR, timedelta(hours=1)), (Window.DAY, timedelta(days=1))],
)
def test_so_much_is_counted_and_no_more_until_the_next_window(window: Window, length: timedelta) -> None:
    def count(key: str, now: datetime) -> int:
        return rate_limit.count("tests", key, limit=2, window=window, now=now, refusal="Not now.")

    key = f"one-{window.name}"
    assert [count(key, NOON), count(key, NOON + timedelta(seconds=59))] == [1, 2]
    with pytest.raises(LimitReachedError, match=r"^Not now\.$") as refused:
        count(key, NOON)
    assert (refused.value.limit, refused.value.window) == (2, window)
    assert count(f"another-{window.name}", NOON) == 1
    assert count(key, NOON + length) == 1


def test_looking_counts_nothing() -> None:
    asked = {"limit": 1, "window": Window.MINUTE, "now": NOON}
    for _ in range(3):
        rate_limit.check("tests", "looking", **asked)  # type: ignore[arg-type]
    rate_limit.count("tests", "looking", **asked)  # type: ignore[arg-type]
    with pytest.raises(LimitReachedError):
        rate_limit.check("tests", "looking", **asked)  # type: ignore[arg-type]


def test_the_cache_knows_no_address() -> None:
    assert rate_limit.concealed("a@example.com") not in ("a@example.com", rate_limit.concealed("b@example.com"))
