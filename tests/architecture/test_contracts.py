"""Each contract of pyproject.toml is broken on purpose once: it fails then, and says the import that broke it."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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


@contextmanager
def written(folder: Path, lines: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Have modules end with these lines too; what was not there is there as long."""
    former = {path: path.read_text() if path.exists() else None for path in (folder / name for name, _ in lines)}
    try:
        for name, line in lines:
            with (folder / name).open("a") as file:
                file.write(f"\n{line}\n")
        yield
    finally:
        for path, text in former.items():
            path.unlink() if text is None else path.write_text(text)


@pytest.fixture(scope="module")
def said_of_breaches(copy: Path) -> dict[str, str]:
    """What is said of each broken contract after all breaches: each is a direct import, and so told of for itself."""
    with written(copy, [(module, line) for _, module, line in BREACHES]):
        said = check(copy).partition("Broken contracts")[2]
    parts = re.split(r"^(.+)\n-+$", said, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("contract", "module", "line"), BREACHES)
def test_an_import_too_much_breaks_its_contract(
    said_of_breaches: dict[str, str], contract: str, module: str, line: str
) -> None:
    importer, imported = module.removesuffix(".py").replace("/", "."), line.removeprefix("import ")
    if not imported.startswith(_PACKAGES):
        imported = imported.partition(".")[0]  # of what others made it tells by the package
    assert re.search(rf"\b{importer} -> {imported}\b", said_of_breaches[contract])


APPS = ("pipes", "integrations", "connections", "handbook", "workspaces")


@pytest.fixture(scope="module")
def said_of_modules(copy: Path) -> str:
    """What is said when each app has a module without a place."""
    with written(copy, [(f"{app}/elsewhere.py", '"""A module without a place."""') for app in APPS]):
        return check(copy)


@pytest.mark.parametrize("app", APPS)
def test_a_module_that_no_contract_names_breaks_the_one_of_its_app(said_of_modules: str, app: str) -> None:
    assert f"- {app}.elsewhere" in said_of_modules
