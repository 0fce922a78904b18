"""The environment that the launcher gives to the product."""

import stat
from pathlib import Path

import environ
import psycopg
import pytest

from launcher import keys
from launcher.places import Instance, LauncherError
from launcher.servers import database_url, start_servers
from launcher.supervisor import Supervisor
from pipes.env import encryption_keys

URLS = {
    "DATABASE_URL": "postgresql://pipes_app@/pipes",
    "DATABASE_OWNER_URL": "postgresql://pipes_owner@/pipes",
    "REDIS_URL": "unix:///tmp/valkey",
}


def test_secrets_are_made_once(instance: Instance) -> None:
    assert keys.load_keys(instance) == keys.load_keys(instance)


def test_only_we_may_read_the_secrets(instance: Instance) -> None:
    keys.load_keys(instance)
    assert stat.S_IMODE((instance.folder / "keys.json").stat().st_mode) == 0o600


def test_the_product_accepts_the_encryption_key(instance: Instance) -> None:
    assert list(encryption_keys(keys.load_keys(instance)["PIPES_ENCRYPTION_KEYS"])) == ["demo"]


def test_the_product_gets_neither_credentials_nor_the_owner_of_the_tables(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "PGPASSWORD", "DATABASE_OWNER_URL"):
        monkeypatch.setenv(name, "mine")
    environment = keys.product_environment(keys.load_keys(instance), URLS)
    assert "mine" not in environment.values()
    assert environment["DATABASE_URL"] == URLS["DATABASE_URL"]


def test_a_setting_of_ones_own_wins(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPES_LOG_JSON", "true")
    assert keys.product_environment(keys.load_keys(instance), URLS)["PIPES_LOG_JSON"] == "true"


@pytest.mark.parametrize("sockets", ["/tmp/pipes-0123456789", "/tmp/With Space/& more"])
def test_django_and_libpq_read_the_same_from_the_database_url(sockets: str) -> None:
    url = database_url("pipes_app", Path(sockets))
    django = environ.Env.db_url_config(url)
    libpq = psycopg.conninfo.conninfo_to_dict(url)
    assert (django["USER"], django["NAME"], django["OPTIONS"]["host"]) == ("pipes_app", "pipes", sockets)
    assert (libpq["user"], libpq["dbname"], libpq["host"]) == ("pipes_app", "pipes", sockets)


def test_half_a_database_is_refused(
    instance: Instance, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", URLS["DATABASE_URL"])
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    with pytest.raises(LauncherError, match="go together"):
        start_servers(supervisor, instance, is_durable=False)


def test_servers_that_the_environment_names_are_used(
    instance: Instance, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, url in URLS.items():
        monkeypatch.setenv(name, url)
    assert start_servers(supervisor, instance, is_durable=False) == URLS
    assert list(instance.run.iterdir()) == []
