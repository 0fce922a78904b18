"""Addresses of servers: what is safe is said, what would not work is refused."""

import ssl

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from kombu.connection import Connection
from redis.connection import ConnectionPool

from pipes import env as read


def test_certificates_of_redis_are_verified_by_both_of_its_clients() -> None:
    url = read.redis_url("rediss://:word@redis.example.com:6380/0")
    kwargs = ConnectionPool.from_url(url).connection_kwargs
    assert (kwargs["ssl_cert_reqs"], kwargs["ssl_check_hostname"]) == ("required", True)
    broker = Connection(url)
    assert broker.ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
    assert (broker.hostname, broker.virtual_host) == ("redis.example.com", "0")


def test_what_a_url_says_of_certificates_stays() -> None:
    url = read.redis_url("rediss://redis.example.com/0?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=optional")
    assert ConnectionPool.from_url(url).connection_kwargs["ssl_cert_reqs"] == "optional"
    assert dict(Connection(url).ssl or {})["ssl_ca_certs"] == "/etc/ca.pem"


@pytest.mark.parametrize("url", ["redis://localhost:6379/0", "unix:///run/redis.sock?db=1"])
def test_other_addresses_stay_as_they_are(url: str) -> None:
    assert read.redis_url(url) == url


@pytest.mark.parametrize(
    "url", ["sentinel://one:26379;sentinel://two:26379", "memcached://localhost", "localhost:6379"]
)
def test_what_only_one_of_them_could_use_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="is not supported: give redis://"):
        read.redis_url(url)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("setting", "limit"), [("statement_timeout", "30s"), ("idle_in_transaction_session_timeout", "1min")]
)
def test_statements_have_limits_whatever_stands_between(setting: str, limit: str) -> None:
    """They are the role's, not of the connection's start, which PgBouncer refuses."""
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        assert cursor.fetchone() == (limit,)
    assert "options" not in connection.settings_dict["OPTIONS"]
