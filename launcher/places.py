"""Where things lie, the lock of an instance, and the one error that ends a command with a sentence."""

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".console"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


class LauncherError(Exception):
    """A command cannot go on; the message says what happened and what to do."""


@dataclass(frozen=True)
class Account:
    """The system account that a server runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Instance:
    """One set of running programs and the folder of what they keep."""

    folder: Path

    @property
    def logs(self) -> Path:
        """One file a program, the last start's beside it."""
        return self.folder / "log"

    @property
    def run(self) -> Path:
        """What only means something while the instance runs."""
        return self.folder / "run"

    @property
    def digest(self) -> str:
        """Distinguishes this instance from those of other checkouts, in names that must be short."""
        return hashlib.sha256(str(self.folder).encode()).hexdigest()[:10]

    @property
    def sockets(self) -> Path:
        """The folder of the servers' sockets; short, because a socket's path may have 107 characters only."""
        return Path("/tmp") / f"pipes-{self.digest}"

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.logs, self.run):
            folder.mkdir(mode=0o700, exist_ok=True)


def server_account() -> Account | None:
    """Return `nobody` when we are root, because PostgreSQL refuses to run as root; else None, meaning ourselves."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def server_home(instance: Instance) -> Path:
    """Return the folder of the database's files: the instance's, or one in /var/tmp if `nobody` cannot get there.

    Raises LauncherError when somebody else owns that folder.
    """
    if server_account() is None or _is_open_to_everybody(instance.folder):
        return instance.folder
    elsewhere, pointer = Path("/var/tmp") / f"pipes-{instance.digest}", instance.folder / "database-files-are-in"
    if not pointer.exists():  # somebody removed the instance's folder, to begin anew
        remove(elsewhere)
        pointer.write_text(f"{elsewhere}\n")
    return owned_folder(elsewhere, None, mode=0o711)


def _is_open_to_everybody(folder: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (folder, *folder.parents))


def owned_folder(folder: Path, account: Account | None, *, mode: int) -> Path:
    """Make a folder that belongs to the account, or accept the one that is there if it does.

    Raises LauncherError when the name is taken by somebody else's folder, or by something else.
    """
    uid, gid = (account.uid, account.gid) if account else (os.geteuid(), os.getegid())
    if not os.path.lexists(folder):
        folder.mkdir(mode=0o700)
        os.chown(folder, uid, gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise LauncherError(f"{folder} is not ours, although we need that name. Remove it, then start again.")
    folder.chmod(mode)
    return folder


@contextmanager
def locked(path: Path, *, refusal: str) -> Iterator[None]:
    """Hold a lock that ends with this process, however it ends; raise LauncherError(refusal) when another has it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LauncherError(refusal) from error
        yield


@contextmanager
def waiting_lock(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process; wait while another process has it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_locked(path: Path) -> bool:
    """Say whether a running process holds this lock."""
    if not path.exists():
        return False
    try:
        with locked(path, refusal=""):
            return False
    except LauncherError:
        return True


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it; quiet if it is gone already."""
    shutil.rmtree(folder, ignore_errors=True)
