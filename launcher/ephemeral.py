"""Servers for one command, gone when it ends: several may run side by side, and beside a demo."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher.child import stop_leftovers
from launcher.keys import load_keys, product_environment
from launcher.places import ROOT, STATE, Instance, is_locked, locked
from launcher.servers import remove_data, start_servers
from launcher.supervisor import Supervisor

_PREFIX = "run-"


def with_servers(command: Sequence[str], variables: Mapping[str, str], *, is_durable: bool) -> int:
    """Run a command in the foreground with a new database and broker and return its exit code."""
    _remove_abandoned()
    instance = Instance(STATE / f"{_PREFIX}{os.getpid()}")
    with locked(_lock(instance.folder), refusal=f"{instance.folder} is in use by another process."):
        instance.prepare()
        supervisor = Supervisor(instance, is_quiet=True)
        try:
            urls = start_servers(supervisor, instance, is_durable=is_durable)
            environment = product_environment(load_keys(instance), urls) | dict(variables)
            environment["DATABASE_OWNER_URL"] = urls["DATABASE_OWNER_URL"]
            return _run_in_foreground(command, environment)
        finally:
            supervisor.stop()
            remove_data(instance)
            _lock(instance.folder).unlink()


def _run_in_foreground(command: Sequence[str], environment: Mapping[str, str]) -> int:
    # Ctrl-C goes to the command too, which then ends by itself and in order: we only wait for that.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    with subprocess.Popen(command, env=environment, cwd=ROOT, preexec_fn=_heed_interrupts) as process:
        try:
            return process.wait()
        finally:
            process.terminate()
            signal.signal(signal.SIGINT, before)


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _lock(folder: Path) -> Path:
    """Beside the folder, not in it: a process that sees the folder can then find out whether it is in use."""
    return folder.with_suffix(".lock")


def _remove_abandoned() -> None:
    """Clear away what killed runs left."""
    for folder in STATE.glob(f"{_PREFIX}*/"):
        if not is_locked(_lock(folder)):
            instance = Instance(folder)
            stop_leftovers(instance.run)
            remove_data(instance)
            _lock(folder).unlink(missing_ok=True)
