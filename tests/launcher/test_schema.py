"""Which schema the tests may begin with: the one that was kept for these migrations, and no other."""

from pathlib import Path

import pytest

from tests import schema


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path, text in {
        "workspaces/migrations/0001_initial.py": "from workspaces.isolation import isolate\n",
        "workspaces/isolation.py": "POLICY = 1\n",
        "workspaces/access.py": "",
        "requirements/development.txt": "django==5.2.19\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "is_other"),
    [
        ("workspaces/migrations/0001_initial.py", True),
        ("workspaces/migrations/0002_more.py", True),
        ("workspaces/isolation.py", True),
        ("requirements/development.txt", True),
        ("workspaces/access.py", False),
    ],
)
def test_other_migrations_make_another_schema_and_so_does_what_they_are_made_with(
    project: Path, path: str, is_other: bool
) -> None:
    before = schema.digest(project)
    with (project / path).open("a") as file:
        file.write("# changed\n")
    assert (schema.digest(project) != before) is is_other


def test_a_migration_with_another_name_makes_another_schema(project: Path) -> None:
    before = schema.digest(project)
    migration = project / "workspaces/migrations/0001_initial.py"
    migration.rename(migration.with_name("0001_first.py"))
    assert schema.digest(project) != before
