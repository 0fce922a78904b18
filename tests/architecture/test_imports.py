"""What the web process loads; which module may import which is held by import-linter (pyproject.toml)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The web process serves every URL and sends every task; it calls no AWS, posts no webhook and starts smaller without.
WEB = """
import sys, django
django.setup()
import pipes.wsgi, pipes.urls, pipes.celery, integrations.tasks
pipes.celery.app.loader.import_default_modules()
print(*sorted(sys.modules))
"""
NOT_IN_THE_WEB = (
    "boto3",
    "botocore",
    "moto",
    "pycurl",
    "integrations.sync.run",
    "integrations.access_tests.run",
    "integrations.trials.run",
    "integrations.aws.session",
)


@pytest.fixture(scope="module")
def web_modules() -> set[str]:
    """Every module that the web process has loaded once it can serve any page."""
    ran = subprocess.run([sys.executable, "-c", WEB], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


@pytest.mark.parametrize("module", NOT_IN_THE_WEB)
def test_the_web_process_never_loads_what_only_workers_use(web_modules: set[str], module: str) -> None:
    assert "integrations.tasks" in web_modules
    assert module not in web_modules
