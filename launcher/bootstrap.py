"""From a bare Python to a virtual environment with what a requirements file pins."""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from launcher.places import PYTHON, ROOT, STATE, VENV, LauncherError, waiting_lock

BOOT = ROOT / ".boot"
# Downloading a Python behind someone's back is not ours to do: the one that runs this is new enough.
UV_ENVIRONMENT = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
_SYSTEM = Path("/usr/bin")
_LIBRARIES = "ssl, sqlite3, ctypes, lzma, bz2, zlib, zoneinfo"  # a minimal Python lacks some of them


def ensure(name: str) -> None:
    """Have requirements/NAME.txt installed in .venv; does nothing when this very file already is.

    Raises LauncherError when there is no way to install, or installing fails.
    """
    STATE.mkdir(exist_ok=True)
    with waiting_lock(STATE / "bootstrap.lock"):
        has_environment = _is_usable(PYTHON)
        # development.txt holds all of demo.txt
        if has_environment and any(is_stamped(VENV, requirements(each)) for each in {name, "development"}):
            return
        print(f"Installing what requirements/{name}.txt names …", flush=True)
        uv = _find_uv()
        if not has_environment:
            shutil.rmtree(VENV, ignore_errors=True)
            _run([uv, "venv", "--quiet", "--python", environment_python(), str(VENV)])
        _run(
            [
                uv,
                "pip",
                "install",
                "--quiet",
                "--require-hashes",
                "--python",
                str(PYTHON),
                "-r",
                str(requirements(name)),
            ]
        )
        stamp(VENV, requirements(name))


def requirements(name: str) -> Path:
    """Return the requirements file of that name."""
    return ROOT / "requirements" / f"{name}.txt"


def is_stamped(venv: Path, file: Path) -> bool:
    """Say whether this file, as it is now, was installed in that environment."""
    path = _stamp_path(venv, file)
    return path.exists() and path.read_text() == _digest(file)


def stamp(venv: Path, file: Path) -> None:
    """Record that this file, as it is now, is installed in that environment."""
    _stamp_path(venv, file).write_text(_digest(file))


def _stamp_path(venv: Path, file: Path) -> Path:
    return venv / f".installed-{file.stem}"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_usable(python: Path) -> bool:
    if not python.exists():
        return False
    return (
        subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False).returncode == 0
    )


def _base_python() -> str:
    """The Python below ours: an environment made from another environment breaks when that one goes."""
    return str(getattr(sys, "_base_executable", sys.executable))


def environment_python(folder: Path = _SYSTEM) -> str:
    """The Python of the environment: the one below ours, unless that is slow and the distribution has the same one.

    Who compiles a Python without `--enable-optimizations`, as pyenv does by itself, has one that takes a quarter more
    time for everything. Distributions compile theirs with it.
    """
    theirs = folder / f"python{sys.version_info.major}.{sys.version_info.minor}"
    is_slow = "--enable-optimizations" not in str(sysconfig.get_config_var("CONFIG_ARGS"))
    return str(theirs) if is_slow and _is_whole(theirs) else _base_python()


def _is_whole(python: Path) -> bool:
    """Whether that Python is there with the libraries that a distribution may have left out."""
    if not python.exists():
        return False
    look = [str(python), "-I", "-c", f"import {_LIBRARIES}"]  # isolated: what lies around here is not its own
    try:
        return subprocess.run(look, capture_output=True, check=False).returncode == 0
    except OSError:  # it cannot be executed, or is of another machine
        return False


def _find_uv() -> str:
    found = shutil.which("uv")
    # A uv inside the environment that we are about to make again would delete itself.
    if found and not Path(found).is_relative_to(VENV):
        return found
    uv = BOOT / "bin" / "uv"
    if not uv.exists():
        if subprocess.run([_base_python(), "-m", "pip", "--version"], capture_output=True, check=False).returncode != 0:
            raise LauncherError(
                "Neither uv nor pip was found, and one of them is needed to install Pipes' libraries. Install pip "
                "(on Debian: apt-get install python3-pip) or uv, then start again."
            )
        pip = [_base_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pip += ["--root-user-action=ignore", "--require-hashes", "--upgrade", "--target", str(BOOT)]
        _run([*pip, "-r", str(requirements("boot"))])
    return str(uv)


def _run(command: Sequence[str]) -> None:
    environment = os.environ | UV_ENVIRONMENT
    environment.pop("VIRTUAL_ENV", None)
    if subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode != 0:
        raise LauncherError(
            f"“{' '.join(command[:3])} …” failed with the message above. It needs a way to a Python package index; "
            "mend that, then start again: it goes on where it was."
        )
