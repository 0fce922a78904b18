"""The socket of the stand-in: HTTP/1.1 with connections that are kept, one thread each, all closed at the end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from http import HTTPStatus
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Final

from tests.fakes.aws import admin
from tests.fakes.aws.signature import Request
from tests.fakes.aws.standin import StandIn
from tests.fakes.aws.wire import Response

LONGEST_LINE: Final = 65536


class Server(ThreadingTCPServer):
    """An HTTP server that knows its open connections, so that it can close them when it stops."""

    allow_reuse_address = True
    daemon_threads = False  # joined when the server closes
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, Handler)
        stand_in.bus.open()

    @property
    def endpoint_url(self) -> str:
        """The address that clients use."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then hand it to a thread of its own."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def stop(self) -> None:
        """Close every connection and wait for the threads that served them; calls that wait the latency end."""
        self.stand_in.faults.stopped.set()
        self.stand_in.bus.close()
        with self._open_lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that hang up; let anything else be printed."""
        import sys

        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(StreamRequestHandler):
    """Reads requests, writes answers, and breaks off where a fault says so.

    Only what its callers send is read: the handler of the standard library reads headers as those of an email, which
    takes as long as all else that answers a call.
    """

    server: Server
    wbufsize = 65536  # headers and body leave in one piece
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer one call after the other, until one side has had enough."""
        while self._answer_next():
            self.wfile.flush()

    def _answer_next(self) -> bool:
        """Answer the next request; gives whether another may follow."""
        method, _, rest = self.rfile.readline(LONGEST_LINE).decode("latin-1").partition(" ")
        target, _, version = rest.rstrip("\r\n").partition(" ")
        if not version.startswith("HTTP/1."):  # the caller has hung up, or speaks something else
            return False
        headers = self._read_headers()
        if method not in ("GET", "POST"):
            self._write(Response(501, b""))
            return False
        path, _, query = target.partition("?")
        request = Request(method, path, query, headers, self.rfile.read(int(headers.get("content-length") or 0)))
        if path.startswith(admin.PREFIX):
            response = admin.respond(self.server.stand_in, request, str(self.client_address[0]))
        else:
            response = self.server.stand_in.respond(request)
        if response.ending == "hang":
            self.connection.recv(1)  # until the caller has had enough, or the server stops
        if response.ending not in ("drop", "hang"):
            self._write(response)
        wants_more = version != "HTTP/1.0" and headers.get("connection", "").lower() != "close"
        return wants_more and not response.ending

    def _read_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        while line := self.rfile.readline(LONGEST_LINE).decode("latin-1").rstrip("\r\n"):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return headers

    def _write(self, response: Response) -> None:
        lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}", "Server: StandInAWS"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines += [f"Date: {formatdate(usegmt=True)}", f"Content-Length: {len(response.body)}"]
        is_whole = response.ending != "cut-off"
        body = response.body if is_whole else response.body[: len(response.body) // 2]
        self.wfile.write("\r\n".join((*lines, "\r\n")).encode("latin-1") + body)


@contextmanager
def serving(stand_in: StandIn, host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Serve in a thread for as long as the block runs; port 0 takes a free one."""
    server = Server((host, port), stand_in)
    stand_in.faults.stopped.clear()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="stand-in AWS")
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.stop()
