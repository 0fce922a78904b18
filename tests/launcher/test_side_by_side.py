import pytest

from tests.side_by_side import redis_url_of


@pytest.mark.parametrize(
    ("url", "second"),
    [
        ("unix:///tmp/valkey", "unix:///tmp/valkey?db=15"),
        ("unix:///tmp/valkey?db=3", "unix:///tmp/valkey?db=15"),
        ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379/15"),
        ("rediss://:secret@redis.example.com/3?timeout=2", "rediss://:secret@redis.example.com/15?timeout=2"),
    ],
)
def test_each_process_of_tests_has_a_redis_database_of_its_own(url: str, second: str) -> None:
    assert redis_url_of("gw0", url) == url
    assert redis_url_of("gw1", url) == second
    assert redis_url_of("gw2", url) == second.replace("15", "14")
