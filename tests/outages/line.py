"""A line to a server that tests can cut and hold, so that one server is away for one test only."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit

Address = str | tuple[str, int]


def address_of(url: str, *, port: int) -> Address:
    """Read where the server of a URL listens: the path of a socket, or host and port."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    host = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0]
    return f"{host}/.s.PGSQL.{parts.port or port}" if host.startswith("/") else (host, parts.port or port)


class Line:
    """Listens on a port of its own and passes on what comes, both ways, for as long as it is not cut or held."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self._is_up = True
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Be away: what is connected is cut off, and nobody gets in."""
        self._is_up = False
        self._drop()

    def hold(self) -> None:
        """Hang: take what comes and answer nothing."""
        self._flowing.clear()

    def restore(self) -> None:
        """Be back. What waited on a line that hung is answered now."""
        self._is_up = True
        self._flowing.set()

    def restart(self) -> None:
        """Be away and back at once: every connection is dead, and new ones are served."""
        self._drop()

    @property
    def connections(self) -> int:
        """How many are connected now."""
        with self._lock:
            return len(self._pairs)

    def close(self) -> None:
        """End it."""
        self.cut()
        self._flowing.set()
        self._listener.close()

    def _drop(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for each in (end for pair in pairs for end in pair):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:  # closed
                return
            if not self._is_up:
                caller.close()
                continue
            try:
                server = self._connect()
            except OSError:
                caller.close()
                continue
            with self._lock:
                self._pairs.append((caller, server))
            for source, sink in ((caller, server), (server, caller)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._server, str):
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            return server
        return socket.create_connection(self._server)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            ours = [pair for pair in self._pairs if source in pair]
            self._pairs = [pair for pair in self._pairs if source not in pair]
        if not ours:  # the other way has ended too
            source.close()
            sink.close()


@contextmanager
def line_to(url: str, *, port: int) -> Iterator[Line]:
    """Give a line to the server of a URL for as long as the block runs."""
    line = Line(address_of(url, port=port))
    try:
        yield line
    finally:
        line.close()
