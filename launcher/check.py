"""`./console check`: everything about the code that can be said without running its tests."""

import base64
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from launcher import bootstrap
from launcher.keys import python
from launcher.places import ROOT, VENV

# No server is asked: nothing listens at these addresses. The keys are for nothing.
PRODUCTION_LIKE = {
    "DATABASE_URL": "postgresql://pipes_app@127.0.0.1:1/pipes",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PIPES_SECRET_KEY": "only-for-this-check-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "PIPES_ENCRYPTION_KEYS": "check:" + base64.b64encode(b"0123456789abcdefghijklmnopqrstuv").decode(),
    "PIPES_BASE_URL": "https://pipes.example.com",
    "PIPES_ALLOWED_HOSTS": "pipes.example.com",
    "PIPES_TRUSTED_PROXIES": "1",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
    "PIPES_AWS_PRINCIPAL_ARN": "arn:aws:iam::999999999999:role/pipes",
    "DJANGO_SETTINGS_MODULE": "pipes.settings",
    "PYTHONPATH": str(ROOT),  # before Python 3.13 the standard library has a module pipes, and ours must come first
}
_OURS = ("pipes", "integrations", "connections", "handbook", "workspaces", "launcher", "manage.py")


@dataclass(frozen=True)
class _Result:
    name: str
    is_passed: bool
    output: str
    seconds: float


def check(_arguments: Sequence[str]) -> int:
    """Run every check, print what failed and a summary, and return 1 when any did."""
    bootstrap.ensure("development")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIPES_", "DATABASE_", "AWS_"))
    }
    environment |= PRODUCTION_LIKE
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        running = [pool.submit(_run, name, command, environment) for name, command in _commands().items()]
    results = [future.result() for future in running]
    for result in results:
        if not result.is_passed:
            print(f"--- {result.name}\n{result.output.rstrip()}\n")
    for result in results:
        print(f"{'passed' if result.is_passed else 'FAILED'}  {result.name}  ({result.seconds:.1f} s)")
    return 0 if all(result.is_passed for result in results) else 1


def _commands() -> dict[str, list[str]]:
    templates = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "templates").rglob("*.html"))
    return {  # the longest ones first, so that no core is idle at the end
        "types (mypy)": [_tool("mypy"), ".", "console"],
        "security (bandit)": [_tool("bandit"), "--quiet", "--configfile", "pyproject.toml", "--recursive", *_OURS],
        "style (ruff check)": [_tool("ruff"), "check", "."],
        "format (ruff format)": [_tool("ruff"), "format", "--check", "."],
        "imports (lint-imports)": [_tool("lint-imports")],
        "template format (djade)": [_tool("djade"), "--check", "--target-version", "5.2", *templates],
        "template lint (djlint)": [_tool("djlint"), "--lint", "--quiet", "templates"],
        "migrations": python("-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"),
        # A test that asks no server: here too, because what it finds is cheapest to mend while it is being written.
        "migrations beside the released version": python(
            "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "tests/architecture/test_migrations.py"
        ),
        "deployment": python("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
    }


def _tool(name: str) -> str:
    return str(VENV / "bin" / name)


def _run(name: str, command: Sequence[str], environment: Mapping[str, str]) -> _Result:
    started_at = time.monotonic()
    done = subprocess.run(
        command,
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return _Result(name, done.returncode == 0, done.stdout, time.monotonic() - started_at)
