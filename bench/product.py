"""The product as shipped, on servers of its own: everything may be stopped, held and started again."""

import http.client
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import redis

from launcher.child import Child, wait_for
from launcher.keys import python
from launcher.places import ROOT, Instance
from launcher.supervisor import Supervisor
from pipes.worker.lanes import LANES

PAGE = "/tenants/faults/orgs/main/people/"  # it needs PostgreSQL only
BARE = 1  # for the status of a 503 that is not a page of the product's
_SAID = b"The database does not answer at the moment"
_START_SECONDS = 120
# What the programs say once they work, as often as they do.
_UP = {"worker": (b" ready.", len(LANES)), "beat": (b"beat: Starting", 1)}


class Product:
    """The servers and programs, each of which may be stopped, held and started again."""

    def __init__(self, supervisor: Supervisor, instance: Instance, environment: Mapping[str, str], port: int) -> None:
        self._servers = {kept.child.program.name: kept.child for kept in supervisor._kept}
        self._instance = instance
        self._port = port
        self.environment = dict(environment)
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self._starting: dict[str, tuple[float, int]] = {}  # since when, and how long the log was then
        self.commands = {
            "web": ["-m", "gunicorn", "pipes.wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "2",
                    "--threads", "4", "--no-control-socket"],
            "worker": ["-m", "pipes.worker"],
            "beat": ["-m", "celery", "--quiet", "--app", "pipes", "beat", "--schedule", str(instance.run / "beat")],
        }  # fmt: skip

    def start(self, name: str, **variables: str) -> None:
        """Start a program of the product."""
        log = self._log(name).open("ab")
        self._starting[name] = time.monotonic(), log.tell()
        self.programs[name] = subprocess.Popen(
            python(*self.commands[name.partition("-")[0]]),
            env=self.environment | variables,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def await_programs(self) -> float:
        """Wait until all that were started work; gives how long the slowest took for it, 0 when none was started."""
        assert wait_for(lambda: all(map(self._is_up, self._starting)), seconds=_START_SECONDS)
        longest = max((time.monotonic() - began for began, _ in self._starting.values()), default=0.0)
        self._starting.clear()
        return longest

    def _is_up(self, name: str) -> bool:
        kind = name.partition("-")[0]
        if kind not in _UP:
            return self.ask("/healthz", "")[0] == 200
        (text, times), (_, begin) = _UP[kind], self._starting[name]
        return self._log(name).read_bytes()[begin:].count(text) == times

    def _log(self, name: str) -> Path:
        return self._instance.logs / f"{name}.log"

    def end(self, name: str, number: signal.Signals = signal.SIGTERM) -> float:
        """End a program; gives how long that took."""
        began, process = time.monotonic(), self.programs.pop(name)
        self._starting.pop(name, None)
        if number == signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        process.wait()
        return time.monotonic() - began

    def server(self, name: str) -> Child:
        """Give a server: ``database`` or ``broker``."""
        return self._servers[name]

    def stop_server(self, name: str) -> None:
        """Stop a server, as an operator would."""
        self.server(name).stop()

    def start_server(self, name: str) -> None:
        """Start it again, with what it kept."""
        self._servers[name] = Child(self.server(name).program, self._instance)
        assert wait_for(self._servers[name].is_ready, seconds=60)

    def broker(self) -> redis.Redis:
        """Connect to the broker."""
        return redis.Redis.from_url(self.environment["REDIS_URL"], socket_timeout=5)

    def ask(self, path: str, cookie: str) -> tuple[int, float]:
        """Ask for a page; gives its status (0: no answer) and the seconds."""
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        try:
            connection.request("GET", path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            body = answer.read()
            status = BARE if answer.status == 503 and _SAID not in body else answer.status
            return status, time.monotonic() - began
        except OSError:
            return 0, time.monotonic() - began
        finally:
            connection.close()


@dataclass(eq=False)
class Visitor(threading.Thread):
    """Somebody who asks for a page all the time, in two windows; and a monitor that asks for health."""

    product: Product
    cookie: str
    seen: list[tuple[float, int, float]] = field(default_factory=list)
    health: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()

    def run(self) -> None:
        """Ask until it is over."""
        others = [threading.Thread(target=self._visit, daemon=True) for _ in range(2)]
        for each in others:
            each.start()
        while not self._over.wait(0.5):
            status, seconds = self.product.ask("/healthz", "")
            self.health.append(seconds if status == 200 else 99.0)
        for each in others:
            each.join()

    def _visit(self) -> None:
        while not self._over.wait(0.2):
            at = time.monotonic()
            self.seen.append((at, *self.product.ask(PAGE, self.cookie)))

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self.join()
