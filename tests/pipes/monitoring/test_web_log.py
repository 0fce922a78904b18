"""What the web server itself logs is like all else from its first line on: JSON, and without secrets."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from launcher.places import ROOT

SECRET = "tpt_Zx9-notForTheLog_77"
COMMAND = ("-m", "gunicorn", "pipes.wsgi:application", "--no-control-socket")


def log_of(*requests: bytes, options: Sequence[str] = (), level: str = "INFO") -> list[dict[str, Any]]:
    """Start the web server, send it these, one after the other, and give what it has logged when it has stopped."""
    with socket.create_server(("127.0.0.1", 0)) as listener:  # handed over, so that nobody takes the port in between
        server = subprocess.Popen(
            [sys.executable, *COMMAND, "--bind", f"fd://{listener.fileno()}", *options],
            cwd=ROOT,
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "PIPES_LOG_JSON": "true", "PIPES_LOG_LEVEL": level},
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        address = listener.getsockname()
    try:
        for request in requests:
            with socket.create_connection(address, timeout=60) as line:
                line.sendall(request)
                while line.recv(4096):
                    pass
    finally:
        server.terminate()
    output, _ = server.communicate(timeout=60)
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """What is logged of what is no request, and of a request where somebody wants that."""
    no_request = f"GET /?key=1 {SECRET}\r\n\r\n".encode()
    asked = f"GET /healthz?key={SECRET} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    return log_of(no_request, asked, options=("--access-logfile", "-"))


def test_what_no_request_is_made_of_is_told_as_all_is(lines: list[dict[str, Any]]) -> None:
    assert [line["event"] for line in lines if line["event"].startswith("Starting gunicorn")] != []
    (refused,) = (line for line in lines if line["event"].startswith("Invalid request"))
    assert (refused["logger"], refused["level"]) == ("gunicorn.error", "warning")
    assert "tpt_…" in refused["event"]
    assert SECRET not in str(lines)


def test_its_own_lines_of_requests_too_where_somebody_wants_them(lines: list[dict[str, Any]]) -> None:
    (told,) = (line for line in lines if line["logger"] == "gunicorn.access")
    assert "GET /healthz?key=…" in told["event"]
    assert SECRET not in str(lines)


def test_how_much_is_logged_is_said_once() -> None:
    lines = log_of(b"GET /?key=1 2\r\n\r\n", level="WARNING")
    assert {line["level"] for line in lines} == {"warning"}
