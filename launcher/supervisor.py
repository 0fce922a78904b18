"""Keep a list of programs running: start them in order, restart what dies or hangs, stop them in reverse."""

import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from launcher.child import Child, Program, stop_leftovers, wait_for
from launcher.places import ROOT, Instance, LauncherError

# A level, or what a server says of itself; not the end of a logger's name, as in "gunicorn.error".
_WORTH_SHOWING = re.compile(r"(?<!\.)\b(warning|error|critical|fatal|panic)\b", re.IGNORECASE)
_NOISE = "Memory overcommit"  # a hint for the tuning of a production machine
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TICK_SECONDS = 0.5
_LOOK_SECONDS = 5
_MISSES_ALLOWED = 3
_LONGEST_DELAY = 30


@dataclass
class _Kept:
    """A child, and what is kept of it between two looks."""

    child: Child
    has_served: bool = True
    misses: int = 0
    delay: float = 1
    restart_at: float | None = None
    look_at: float = 0


class Supervisor:
    """Runs in the foreground and in one thread: the kernel's parent-death signal belongs to the thread that starts."""

    def __init__(self, instance: Instance, *, is_verbose: bool = False, is_quiet: bool = False) -> None:
        self._instance = instance
        self._is_verbose = is_verbose
        self._is_quiet = is_quiet
        self._kept: list[_Kept] = []
        for number in _ENDING_SIGNALS:
            signal.signal(number, _interrupt)
        for name in stop_leftovers(instance.run):
            self._say(f"{name}: stopped, it was left over from a start that was killed")
        for log in instance.logs.glob("*.log"):
            log.replace(log.with_suffix(".log.1"))

    def start(self, *programs: Program) -> None:
        """Start programs side by side and wait until all serve; raise LauncherError when one does not in time."""
        started = [_Kept(Child(program, self._instance)) for program in programs]
        self._kept += started
        for kept in started:
            self._await(kept.child)

    def _await(self, child: Child) -> None:
        program = child.program
        wait_for(lambda: child.exit_code() is not None or child.is_ready(), seconds=program.start_seconds)
        self._show(child)
        if not child.is_ready():
            raise LauncherError(f"{program.name} does not start. Its last lines, of {child.log}:\n{_tail(child)}")
        self._say(f"{program.name}: ready after {time.monotonic() - child.started_at:.1f} s")

    def run(self, steps: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> dict[str, str]:
        """Run steps side by side to their end and return what each printed; raise LauncherError when one fails."""
        started_at = time.monotonic()
        running = {name: self._begin(name, command, environment) for name, command in steps.items()}
        try:
            for name, process in running.items():
                if process.wait() != 0:
                    last = "\n".join((self._printed(name) + self._logged(name)).splitlines()[-30:])
                    raise LauncherError(f"{name} failed ({_how(process.returncode)}):\n{last}")
        finally:
            for process in running.values():
                process.terminate()
                process.wait()
        self._say(f"{', '.join(steps)}: done after {time.monotonic() - started_at:.1f} s")
        return {name: self._printed(name) for name in steps}

    def _begin(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        printed, logged = self._instance.logs / f"{name}.out", self._instance.logs / f"{name}.log"
        with printed.open("wb") as out, logged.open("wb") as log:
            return subprocess.Popen(
                command, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )

    def _printed(self, name: str) -> str:
        return (self._instance.logs / f"{name}.out").read_text(errors="replace")

    def _logged(self, name: str) -> str:
        return (self._instance.logs / f"{name}.log").read_text(errors="replace")

    def watch(self) -> None:
        """Look after the programs; ends only by KeyboardInterrupt, which Ctrl-C, SIGTERM and SIGHUP raise."""
        while True:
            for kept in self._kept:
                self._look_after(kept, time.monotonic())
            time.sleep(_TICK_SECONDS)

    def stop(self) -> None:
        """Stop everything, the last started first. A second Ctrl-C does not disturb it: every step has its limit."""
        for number in _ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for kept in reversed(self._kept):
            kept.child.stop()
            self._show(kept.child)
            self._say(f"{kept.child.program.name}: stopped")
        self._kept.clear()

    def _look_after(self, kept: _Kept, now: float) -> None:
        child = kept.child
        self._show(child)
        code = child.exit_code()
        if code is None:
            if now >= kept.look_at:
                kept.look_at = now + _LOOK_SECONDS
                self._check_health(kept, now)
        elif kept.restart_at is None:
            kept.restart_at = now + kept.delay
            self._say(f"{child.program.name}: ended by itself ({_how(code)}), starts again in {kept.delay:.0f} s")
            child.kill()  # what it started itself may have outlived it
        elif now >= kept.restart_at:
            kept.child = Child(child.program, self._instance)
            kept.has_served, kept.misses, kept.restart_at = False, 0, None
            kept.delay = min(kept.delay * 2, _LONGEST_DELAY)

    def _check_health(self, kept: _Kept, now: float) -> None:
        child = kept.child
        if child.is_ready():
            kept.misses = 0
            if not kept.has_served:
                self._say(f"{child.program.name}: ready again")
            kept.has_served = True
            if now - child.started_at > 60:
                kept.delay = 1
        elif kept.has_served or now - child.started_at > child.program.start_seconds:
            kept.misses += 1
            if kept.misses >= _MISSES_ALLOWED:
                self._say(f"{child.program.name}: does not answer any more, is ended")
                child.kill()

    def _show(self, child: Child) -> None:
        for line in child.new_lines():
            if self._is_verbose or (_WORTH_SHOWING.search(line) and _NOISE not in line):
                self._say(f"{child.program.name} | {line}")

    def _say(self, line: str) -> None:
        if not self._is_quiet:
            print(f"  {line}", flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _tail(child: Child) -> str:
    return "\n".join(child.log.read_text(errors="replace").splitlines()[-20:])
