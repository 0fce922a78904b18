"""What libcurl is let do for a webhook: which sockets are opened, what goes over them, and how much of it is read."""

import socket
from http.server import BaseHTTPRequestHandler

import pytest
from pytest_django.fixtures import Settings

from integrations.notifications.http_client import Answer, post
from tests.integrations.notifications.conftest import Receiver, answer

PUBLIC = "192.5.5.241"
NO_HTTP = Answer("The endpoint answered with something that is not HTTP.")


def refused(host: str) -> Answer:
    return Answer(f"{host} leads to no public address. Correct the URL or its DNS entry: only those are notified.")


@pytest.mark.parametrize("found", [[PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC]], ids=["last", "first"])
def test_a_name_with_one_private_address_is_not_even_posted_to_at_its_public_one(
    settings: Settings, found: list[str]
) -> None:
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = False
    assert post("https://hooks.example.test/", b"{}", {}, resolve=lambda *_: found, seconds=5) == refused(
        "hooks.example.test"
    )


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1"])
def test_what_a_name_means_when_the_socket_is_opened_is_what_counts(settings: Settings, host: str) -> None:
    """The look-up gives a public address, and libcurl comes to another one: it reads these names by itself."""
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = False
    with socket.create_server(("127.0.0.1", 0)) as private:
        port = private.getsockname()[1]
        settings.PIPES_WEBHOOK_PORTS = (range(port, port + 1),)
        got = post(f"https://{host}:{port}/", b"{}", {}, resolve=lambda *_: [PUBLIC], seconds=5)
        private.setblocking(False)
        with pytest.raises(BlockingIOError):
            private.accept()
    assert got == refused(host)


def test_what_is_sent_has_the_path_as_it_was_typed_and_no_header_more(receiver: Receiver) -> None:
    path = "/a/../b/%7e?x={y}&z=%41"
    given = {"Content-Type": "application/json", "User-Agent": "Pipes-Webhook/1", "webhook-id": "msg_1"}
    body = '{"name": "Zoë"}'.encode()
    post(f"http://localhost:{receiver.port}{path}", body, given, resolve=lambda *_: ["127.0.0.1"])
    (got,) = receiver.got
    assert (got.path, got.body) == (path, body)
    own = {"Host": f"localhost:{receiver.port}", "Accept-Encoding": "identity", "Content-Length": str(len(body))}
    assert got.headers == own | given


def test_a_large_body_is_sent_at_once(receiver: Receiver) -> None:
    body = b"x" * 2_000_000
    assert post(receiver.url, body, {}).status == 204
    assert receiver.got[0].body == body
    assert "Expect" not in receiver.got[0].headers


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n", Answer("", 200)),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", Answer("", 204)),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Answer("The endpoint answered 101 Switching Protocols.", 101)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", Answer("", 200)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Answer("", 200)),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 99 + b"\r\n", Answer("", 200)),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100 + b"\r\n", NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 65_000 + b"\r\n\r\n", Answer("", 200)),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 66_000 + b"\r\n\r\n", NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", NO_HTTP),
        (b"HTTP/1.1 1999 Odd\r\n\r\n", NO_HTTP),
        (b"HTTP/1.1 abc\r\n\r\n", NO_HTTP),
        (b"HTTP/2 200\r\n\r\n", NO_HTTP),
    ],
    ids=["old", "go on", "other", "length", "coding", "99", "100", "long", "longer", "longest", "1999", "abc", "2"],
)
def test_of_an_answer_its_status_counts_and_its_headers_are_bounded(
    receiver: Receiver, raw: bytes, expected: Answer
) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(raw)

    receiver.respond = respond
    assert post(receiver.url, b"{}", {}) == expected


def test_a_connection_that_is_reset_is_said(receiver: Receiver) -> None:
    def reset(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.connection.close()

    receiver.respond = reset
    assert post(receiver.url, b"{}", {}) == Answer(
        f"The connection to http://127.0.0.1:{receiver.port} failed (ConnectionResetError)."
    )


def test_a_port_without_tls_is_said(receiver: Receiver) -> None:
    receiver.respond = answer(204)
    got = post(receiver.url.replace("http://", "https://"), b"{}", {}, seconds=5)
    assert got == Answer("No TLS connection to 127.0.0.1 could be made (WRONG_VERSION_NUMBER).")
