"""The socket of the stand-in: HTTP/1.1 with connections that are kept, one thread each, all closed at the end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes.aws import admin
from tests.fakes.aws.signature import Request
from tests.fakes.aws.standin import StandIn
from tests.fakes.aws.wire import Response


class Server(ThreadingHTTPServer):
    """An HTTP server that knows its open connections, so that it can close them when it stops."""

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


class Handler(BaseHTTPRequestHandler):
    """Reads one request, writes one answer, and breaks it off where a fault says so."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "StandInAWS"
    wbufsize = 65536  # headers and body leave in one piece
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer a query call or a question of the command line."""
        self._handle()

    def do_POST(self) -> None:
        """Answer a call or a command."""
        self._handle()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name in the standard library
        """Print nothing: the log of calls is ``aws.calls``."""

    def _handle(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, path, query, headers, body)
        if path.startswith(admin.PREFIX):
            self._write(admin.respond(self.server.stand_in, request, str(self.client_address[0])))
        else:
            self._write(self.server.stand_in.respond(request))

    def _write(self, response: Response) -> None:
        if response.ending:
            self.close_connection = True
        if response.ending == "hang":
            self.connection.recv(1)  # until the caller has had enough, or the server stops
        if response.ending in ("drop", "hang"):
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        is_whole = response.ending != "cut-off"
        self.wfile.write(response.body if is_whole else response.body[: len(response.body) // 2])


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
