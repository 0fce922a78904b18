"""Each contract of pyproject.toml is broken on purpose once: it fails then, and says the import that broke it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from launcher.places import ROOT, VENV

_PACKAGES = ("pipes", "integrations", "connections", "handbook", "workspaces", "launcher")

# The contract, the module that is given an import too much, and that import.
BREACHES = [
    ("Imports point down", "workspaces/handles.py", "import connections.tree"),
    ("Imports point down", "connections/tree.py", "import integrations.planning.snapshot"),
    ("Imports point down", "integrations/planning/words.py", "import pipes.circuit_breaker"),
    ("Inside pipes", "pipes/circuit_breaker.py", "import pipes.monitoring.logs"),
    ("Inside integrations", "integrations/nodes/account_access.py", "import integrations.views.detail"),
    ("Inside integrations", "integrations/sync/schedule.py", "import integrations.access_tests.results"),
    ("Inside integrations", "integrations/models/draft.py", "import integrations.aws.errors"),
    ("Inside connections", "connections/tree.py", "import connections.sharing"),
    ("Inside workspaces", "workspaces/access.py", "import workspaces.scoping"),
    (
        "Planning is pure: no database, clock, network or random, and no setting",
        "integrations/planning/words.py",
        "import time",
    ),
    (
        "Planning is pure: no database, clock, network or random, and no setting",
        "integrations/planning/reconcile.py",
        "import django.conf",
    ),
    ("The AWS client knows neither rows nor people", "integrations/aws/errors.py", "import workspaces.handles"),
    ("boto3 is used by the AWS client only", "integrations/sync/schedule.py", "import botocore"),
    ("Pages never load what only workers run", "integrations/views/detail.py", "import integrations.sync.run"),
    (
        "Tasks are sent by name: nothing but Celery imports them",
        "integrations/sync/requests.py",
        "import integrations.tasks",
    ),
    ("The launcher runs before anything is installed", "launcher/places.py", "import django"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product's code, to be broken."""
    folder = tmp_path_factory.mktemp("product")
    for name in _PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def check(folder: Path) -> str:
    """Check the contracts of a copy, and give what is said of them."""
    command = [str(VENV / "bin" / "lint-imports"), "--no-logo", "--no-cache"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return ran.stdout + ran.stderr


def broken(folder: Path) -> set[str]:
    """Give the names of the contracts that do not hold in a copy."""
    said = check(folder)
    assert "Contracts: " in said, said
    return set(re.findall(r"^(.+) BROKEN(?: \(.*\))?$", said, re.MULTILINE))


def test_all_contracts_hold_as_they_are(copy: Path) -> None:
    assert broken(copy) == set()


@pytest.mark.parametrize(("contract", "module", "line"), BREACHES)
def test_an_import_too_much_breaks_its_contract(copy: Path, contract: str, module: str, line: str) -> None:
    path = copy / module
    kept = path.read_text()
    path.write_text(f"{kept}\n{line}\n")
    try:
        assert contract in broken(copy)
    finally:
        path.write_text(kept)


@pytest.mark.parametrize("app", ["pipes", "integrations", "connections", "handbook", "workspaces"])
def test_a_module_that_no_contract_names_breaks_the_one_of_its_app(copy: Path, app: str) -> None:
    path = copy / app / "elsewhere.py"
    path.write_text('"""A module without a place."""\n')
    try:
        assert f"- {app}.elsewhere" in check(copy)
    finally:
        path.unlink()
