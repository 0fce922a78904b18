"""One list of variables: what the settings read, what README says of them, and what docker-compose.yml passes on."""

import re
from collections.abc import Mapping
from typing import Any, Final

import yaml

from launcher.places import ROOT

COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: Final = ("migrate", "web", "worker", "beat")  # those that run the product

# What compose does not hand through, and why.
NOT_IN_COMPOSE: Final = {
    "PIPES_DEBUG": "for development",
    "PIPES_DATABASE_POOL": "each program knows it",
    "AWS_ENDPOINT_URL": "for tests",
}


def read_by_settings() -> set[str]:
    """Find what the product reads of its environment."""
    sources = [path.read_text() for path in (ROOT / "pipes").rglob("*.py")]
    reading = re.compile(r"\benv\.\w+\(\s*\"([A-Z][A-Z_]+)\"|os\.environ\S*[\[(]\"((?:PIPES|DATABASE|REDIS|AWS)_\w+)\"")
    return {first or second for text in sources for first, second in reading.findall(text)}


def in_readme() -> set[str]:
    """Find what has a row in README's table."""
    table = (ROOT / "README.md").read_text().partition("| variable | meaning |")[2].partition("\n\n")[0]
    return {name for row in table.splitlines() for name in re.findall(r"`([A-Z][A-Z_]+)`", row.partition(" | ")[0])}


def in_compose(service: str) -> Mapping[str, Any]:
    """Give what a service is passed."""
    environment: Mapping[str, Any] = COMPOSE["services"][service]["environment"]
    return environment


def test_readme_has_a_row_for_each_variable_and_for_no_other() -> None:
    assert in_readme() == read_by_settings()


def test_compose_passes_each_variable_to_each_program() -> None:
    wanted = read_by_settings() - set(NOT_IN_COMPOSE) - {"DATABASE_OWNER_URL"}
    assert {service: wanted - set(in_compose(service)) for service in SERVICES} == {key: set() for key in SERVICES}


def test_compose_passes_nothing_that_nobody_reads() -> None:
    credentials = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}  # read by the AWS library
    unread = {service: set(in_compose(service)) - read_by_settings() - credentials for service in SERVICES}
    assert unread == {key: set() for key in SERVICES}


def test_only_the_migration_owns_the_tables() -> None:
    assert [service for service in SERVICES if "DATABASE_OWNER_URL" in in_compose(service)] == ["migrate"]


def test_what_operators_may_leave_out_keeps_its_default() -> None:
    """An empty value is not the same as none: a number could not be read from it."""
    emptied = {
        (service, name)
        for service in SERVICES
        for name, value in in_compose(service).items()
        if isinstance(value, str) and value.endswith(":-}") and not name.startswith("AWS_")
    }
    assert emptied == set()
