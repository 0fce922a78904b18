"""The example alerts ask for figures that exist, and what the operations page names is there."""

import re

import pytest
import yaml
from django.conf import settings

from pipes.monitoring import installation, metrics

DOCS = settings.BASE_DIR / "docs"


@pytest.mark.django_db
def test_alerts_ask_for_figures_that_exist() -> None:
    rules = yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"][0]["rules"]
    asked = {name for rule in rules for name in re.findall(r"\bpipes_\w+", rule["expr"])}
    there = {f"pipes_{name}" for name in installation.figures()}
    there |= {f"pipes_{name}_total" for name in metrics._COUNTERS} | {"pipes_request_seconds_bucket"}
    assert len(asked) > 10
    assert asked - there == set()


def test_compose_says_what_it_starts_as_yaml() -> None:
    compose = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())
    assert set(compose["services"]) == {"db", "redis", "migrate", "web", "worker", "beat"}
    assert compose["services"]["beat"]["healthcheck"]["test"][-2:] == ["check_installation", "beat"]
