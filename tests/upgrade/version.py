"""One version of the product on disk, with an environment of its own, and its programs as docker-compose runs them."""

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from launcher.child import Child, Program
from launcher.places import ROOT, STATE

_BOOTSTRAP = "from launcher import bootstrap; bootstrap.ensure('development')"


@dataclass(frozen=True)
class Version:
    """A version and where it lies; its programs run with its own libraries."""

    name: str
    folder: Path

    @property
    def python(self) -> Path:
        """The Python of its environment."""
        return self.folder / ".venv" / "bin" / "python"

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return these variables as this version's programs need them."""
        paths = {
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "VIRTUAL_ENV": str(self.folder / ".venv"),
            "PYTHONPATH": str(self.folder),
        }
        return {**given, **paths}

    def run(self, *arguments: str, environment: Mapping[str, str]) -> str:
        """Run its Python to the end and return what that printed; raises CalledProcessError with what it said."""
        done = subprocess.run(
            [self.python, *arguments],
            env=self.environment(environment),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {' '.join(arguments)[:80]} failed:\n{done.stdout[-3000:]}")
        return done.stdout

    def web(self, port: int, environment: Mapping[str, str], name: str) -> Program:
        """The web server, as the image starts it, on a port of its own."""
        lines = (self.folder / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
        command = json.loads(next(line for line in lines if line.startswith("CMD")).removeprefix("CMD"))
        return Program(
            name=name,
            command=[part.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for part in command],
            environment=self.environment({**environment, "PIPES_DATABASE_POOL": "true"}),
            is_ready=lambda _child: answers(f"http://127.0.0.1:{port}/readyz"),
            folder=self.folder,
            stop_seconds=35,
        )

    def service(self, service: str, environment: Mapping[str, str], scratch: Path, name: str) -> Program:
        """The worker or beat, as docker-compose.yml starts it."""
        compose = yaml.safe_load((self.folder / "docker-compose.yml").read_text())["services"][service]
        command = [str(part).replace("$$", "$").replace("/tmp/", f"{scratch}/{name}-") for part in compose["command"]]
        command = [part.replace("worker@%h", f"{name}@%h") for part in command]
        return Program(
            name=name,
            command=command,
            environment=self.environment(environment),
            is_ready=_says_ready if service == "worker" else lambda child: child.has_logged("beat: Starting"),
            folder=self.folder,
            death_signal=signal.SIGKILL,
            stop_seconds=60,
        )


def _says_ready(child: Child) -> bool:
    return child.has_logged("ready")


def this_version() -> Version:
    """The checkout that the drill is part of."""
    return Version("new", ROOT)


def earlier_version(commit: str) -> Version:
    """Put a commit's files below .console/, with an environment of its own; what is there already is used again."""
    full = subprocess.run(
        ["git", "rev-parse", "--verify", f"{commit}^{{commit}}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    folder = STATE / f"version-{full[:12]}"
    if not folder.exists():
        unfinished = folder.with_suffix(".new")
        unfinished.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "archive", full], cwd=ROOT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "--extract", "--directory", str(unfinished)], input=archive, check=True)
        unfinished.rename(folder)
    outside = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    subprocess.run([str(ROOT / ".venv" / "bin" / "python"), "-c", _BOOTSTRAP], cwd=folder, env=outside, check=True)
    return Version("old", folder)


def answers(url: str) -> bool:
    """Say whether somebody answers there with a page."""
    try:
        fetch(url)
    except OSError:
        return False
    return True


def fetch(url: str) -> bytes:
    """Return a page; raises OSError when there is none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxy the environment names
    with opener.open(url, timeout=5) as answer:
        page: bytes = answer.read()
        return page
