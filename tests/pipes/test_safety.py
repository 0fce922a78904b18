"""What a start of the product refuses: in whatever process, before it does anything."""

import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from launcher.check import PRODUCTION_LIKE
from launcher.places import ROOT
from pipes.safety import RISKS

KEY = "r4nd0m-" + "abcdefghijklmnopqrstuvwxyz0123456789" * 2

# What somebody sets (or, with None, forgets), and the risk that it is.
RISKY = [
    ("debug", {"PIPES_DEBUG": "true"}),
    ("hosts", {"PIPES_ALLOWED_HOSTS": "*"}),
    ("hosts", {"PIPES_ALLOWED_HOSTS": "pipes.example.com,*"}),
    ("http", {"PIPES_BASE_URL": "http://pipes.example.com"}),
    ("http", {"PIPES_BASE_URL": None}),
    ("proxies", {"PIPES_TRUSTED_PROXIES": "0"}),
    ("proxies", {"PIPES_TRUSTED_PROXIES": None}),
    ("email", {"EMAIL_URL": None}),
    ("email", {"EMAIL_URL": ""}),
    ("email", {"EMAIL_URL": "consolemail://"}),
    ("email", {"EMAIL_URL": "dummymail://"}),
    ("email", {"EMAIL_URL": "filemail:///tmp/mail"}),
    ("secret-key", {"PIPES_SECRET_KEY": KEY[:49]}),
    ("secret-key", {"PIPES_SECRET_KEY": "change-me" * 9}),
    ("secret-key", {"PIPES_SECRET_KEY_FALLBACKS": "old"}),
    ("encryption-keys", {"PIPES_ENCRYPTION_KEYS": "k:" + "A" * 43 + "="}),
    ("aws-endpoint", {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}),
    ("webhooks", {"PIPES_WEBHOOK_ALLOW_PRIVATE": "true"}),
]


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a sound production."""
    for name in [name for name in os.environ if name.startswith(("PIPES_", "DATABASE_", "AWS_", "EMAIL_"))]:
        monkeypatch.delenv(name)
    for name, value in PRODUCTION_LIKE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def read(production: pytest.MonkeyPatch, variables: Mapping[str, str | None]) -> Mapping[str, Any]:
    """Read the settings as a start does, with these variables set otherwise."""
    for name, value in variables.items():
        if value is None:
            production.delenv(name, raising=False)
        else:
            production.setenv(name, value)
    return runpy.run_path(str(ROOT / "pipes" / "settings.py"))


def test_a_sound_production_starts(production: pytest.MonkeyPatch) -> None:
    assert read(production, {})["SECURE_SSL_REDIRECT"] is True


@pytest.mark.parametrize(("name", "variables"), RISKY)
def test_each_risk_is_refused_with_its_sentence_and_taken_when_asked_for(
    production: pytest.MonkeyPatch, name: str, variables: Mapping[str, str | None]
) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(production, variables)
    assert f"\n- {RISKS[name]}\n" in str(refused.value)
    assert str(refused.value).count("\n- ") == 1
    assert f"PIPES_ALLOW_UNSAFE={name}." in str(refused.value)
    assert read(production, {"PIPES_ALLOW_UNSAFE": name})


def test_each_risk_is_met() -> None:
    assert {name for name, _ in RISKY} == set(RISKS)


def test_all_that_is_wrong_is_said_at_once(production: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="PIPES_ALLOW_UNSAFE=hosts,email"):
        read(production, {"PIPES_ALLOWED_HOSTS": "*", "EMAIL_URL": None})


def test_a_name_that_is_no_risk_is_refused(production: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="names everything, which is none of debug, hosts, "):
        read(production, {"PIPES_ALLOW_UNSAFE": "everything"})


@pytest.mark.parametrize(
    "program",
    [
        ("-m", "gunicorn", "pipes.wsgi:application", "--bind", "127.0.0.1:0", "--no-control-socket"),
        ("-m", "celery", "--app", "pipes", "worker"),
        ("-m", "celery", "--app", "pipes", "beat"),
        ("manage.py", "migrate"),
    ],
    ids=["web", "worker", "beat", "migrate"],
)
def test_no_program_starts(production: pytest.MonkeyPatch, program: Sequence[str]) -> None:
    production.setenv("PIPES_ALLOWED_HOSTS", "*")
    done = subprocess.run([sys.executable, *program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert RISKS["hosts"] in done.stderr
