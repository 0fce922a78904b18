"""The commands of `./console`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from launcher import bootstrap
from launcher.check import check
from launcher.demo import demo, running_demo
from launcher.ephemeral import with_servers
from launcher.keys import python
from launcher.places import ROOT, STATE, LauncherError

# The first is the same browser without what draws its windows, which tests of pages do not need.
_CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# One more than there are cores, since some wait, and 4 at most: each has a database and a browser of its own. Who gets
# done early takes over what waits for another.
_PROCESSES = min((os.cpu_count() or 1) + 1, 4)
# Markers of pytest; pyproject.toml says what each means.
_SLOW = ("browser", "programs", "search", "sweep", "pages", "aws")


def main(arguments: Sequence[str], *, usage: str) -> int:
    """Run the command that the arguments name and return its exit code; a failure is one sentence on stderr."""
    commands: Mapping[str, Callable[[Sequence[str]], int]] = {
        "demo": demo,
        "test": test,
        "check": check,
        "bench": bench,
        "shots": shots,
        "aws": aws,
        "shell": shell,
        "ci": ci,
        "upgrade-drill": upgrade_drill,
    }
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(usage.strip())
        return 0
    if arguments[0] not in commands:
        print(f"There is no command {arguments[0]!r}.\n\n{usage.strip()}", file=sys.stderr)
        return 2
    _keep_bytecode()
    try:
        return commands[arguments[0]](arguments[1:])
    except LauncherError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _keep_bytecode() -> None:
    """Keep what programs compile below .console where it may not lie beside the sources.

    With PYTHONDONTWRITEBYTECODE alone each program compiles thousands of modules anew, which takes seconds.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = str(STATE / "bytecode")


def test(arguments: Sequence[str]) -> int:
    """Run pytest on all cores, with servers of its own; the browser's tests only where there is a browser."""
    bootstrap.ensure("development")
    is_fast = "--fast" in arguments
    chromium = find_chromium()
    if not chromium and not is_fast:
        print("No Chromium was found, so the browser's tests do not run. Install chromium, or set PIPES_CHROMIUM.")
    left_out = _SLOW if is_fast else () if chromium else ("browser",)
    command = python("-m", "pytest", f"--numprocesses={_PROCESSES}", "--dist=worksteal")
    if left_out:
        command += ["-m", " and ".join(f"not {kind}" for kind in left_out)]
    command += [argument for argument in arguments if argument != "--fast"]
    return with_servers(command, {"PIPES_CHROMIUM": chromium} if chromium else {}, is_durable=False)


def find_chromium() -> str | None:
    """Find the browser of the tests: PIPES_CHROMIUM, else the first one on the path."""
    return os.environ.get("PIPES_CHROMIUM") or next(filter(None, map(shutil.which, _CHROMIUMS)), None)


def bench(arguments: Sequence[str]) -> int:
    """Run the benchmarks on servers of their own, which write as safely as in production."""
    bootstrap.ensure("development")
    if arguments[:1] == ["faults"]:  # it starts, stops and holds its servers itself
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(
            python("-m", "bench.faults", *arguments[1:]), env=environment, cwd=ROOT, check=False
        ).returncode
    return with_servers(python("-m", "bench", *arguments), {}, is_durable=True)


def shots(arguments: Sequence[str]) -> int:
    running_demo()
    bootstrap.ensure("development")
    return _in_demo(python("-m", "tests.browser.shots", *arguments))


def aws(arguments: Sequence[str]) -> int:
    return _in_demo(python("-m", "tests.fakes.aws", *arguments))


def shell(arguments: Sequence[str]) -> int:
    return _in_demo(python("manage.py", "shell", *arguments))


def ci(arguments: Sequence[str]) -> int:
    return subprocess.run(["bash", str(ROOT / ".ci" / "run"), *arguments], cwd=ROOT, check=False).returncode


def upgrade_drill(arguments: Sequence[str]) -> int:
    """Go from an earlier version to this one and back, under load."""
    bootstrap.ensure("development")
    return with_servers(python("-m", "tests.upgrade", *arguments), {}, is_durable=True)


def _in_demo(command: Sequence[str]) -> int:
    running = running_demo()
    environment = {**os.environ, **running["environment"], "PIPES_BASE_URL": running["address"]}
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode
