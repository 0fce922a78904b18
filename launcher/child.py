"""One long-running program as a child process: started, watched, stopped, and cleaned up after."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from launcher.places import ROOT, Account, Instance

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """What to run, and how to find out that it serves. Times are in seconds."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    is_ready: Callable[["Child"], bool]
    folder: Path = ROOT
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals | None = None  # sent by the kernel when we are killed; None means stop_signal
    stop_seconds: float = 10
    start_seconds: float = 60


class Child:
    """A running program. It logs to LOGS/NAME.log; RUN/NAME.pid lets the next start find it if we are killed."""

    def __init__(self, program: Program, instance: Instance) -> None:
        self.program = program
        self.log = instance.logs / f"{program.name}.log"
        self.pid_file = instance.run / f"{program.name}.pid"
        self._begin = self._shown = self.log.stat().st_size if self.log.exists() else 0
        self._logged: set[str] = set()
        self.started_at = time.monotonic()
        account = program.account
        with self.log.open("ab") as output:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                program.command,
                env=program.environment,
                cwd=program.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that Ctrl-C reaches only us, and we stop things in order
                preexec_fn=_dying_with_us(program.death_signal or program.stop_signal),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        self.pid_file.write_text(f"{self.process.pid} {started_ticks(self.process.pid)} {int(program.stop_signal)}")

    def exit_code(self) -> int | None:
        """Return how it ended (negative: by that signal), or None while it runs."""
        return self.process.poll()

    def is_ready(self) -> bool:
        """Say whether it runs and serves."""
        return self.exit_code() is None and self.program.is_ready(self)

    def has_logged(self, text: str) -> bool:
        """Say whether it has logged this since it was started; cheap once it has."""
        if text not in self._logged:
            with self.log.open("rb") as file:
                file.seek(self._begin)
                if text.encode() in file.read():
                    self._logged.add(text)
        return text in self._logged

    def new_lines(self) -> list[str]:
        """Return the whole lines that were logged since the last call."""
        with self.log.open("rb") as file:
            file.seek(self._shown)
            text = file.read()
        whole, newline, _rest = text.rpartition(b"\n")
        self._shown += len(whole) + len(newline)
        return whole.decode(errors="replace").splitlines()

    def stop(self) -> None:
        """Ask it to end, insist after a while, and take with it what it started."""
        if self.exit_code() is None:
            self.process.send_signal(self.program.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.program.stop_seconds)
        self.kill()
        self.pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _dying_with_us(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Have the kernel end the child when we end, however that happens (Linux; elsewhere the next start cleans up)."""
    if _LIBC is None:
        return None
    parent = os.getpid()
    libc = _LIBC

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return prepare


def started_ticks(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; 0 when it is gone, a zombie, or not readable."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[19])


def stop_leftovers(run: Path) -> list[str]:
    """End what a killed supervisor left running, by the pid files in `run`, and return their names.

    A pid that now belongs to another process is left alone: it started at another time.
    """
    leftovers: dict[str, tuple[int, int]] = {}
    for pid_file in sorted(run.glob("*.pid")):
        pid, ticks, stop_signal = _read_pid_file(pid_file)
        if ticks and started_ticks(pid) == ticks:
            leftovers[pid_file.stem] = (pid, ticks)
            os.kill(pid, stop_signal)
    for pid, ticks in leftovers.values():
        if not _wait_until_gone(pid, ticks):
            os.kill(pid, signal.SIGKILL)
            _wait_until_gone(pid, ticks)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # what it had started itself
    for pid_file in run.glob("*.pid"):
        pid_file.unlink()
    return list(leftovers)


def _wait_until_gone(pid: int, ticks: int) -> bool:
    return wait_for(lambda: started_ticks(pid) != ticks, seconds=5)


def _read_pid_file(path: Path) -> tuple[int, int, int]:
    try:
        pid, ticks, stop_signal = (int(word) for word in path.read_text().split())
    except ValueError:  # the machine went down while it was being written: nothing of that start is left
        return 0, 0, 0
    return pid, ticks, stop_signal


def wait_for(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Look ten times a second until the condition holds, and return whether it did in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
