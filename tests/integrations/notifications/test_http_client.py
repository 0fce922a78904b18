"""Posting over real sockets: what counts as taken, what does not, and how long we wait for it."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django.fixtures import Settings

from integrations.notifications.http_client import Answer, post
from tests.integrations.notifications.conftest import Receiver, Respond, answer, drip, flood, long_headers, silence

HOST = "hooks.example.test"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_taken(receiver: Receiver, status: int) -> None:
    receiver.respond = answer(status)
    assert post(receiver.url, b"{}", {}) == Answer("", status)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (301, "The endpoint answered 301 Moved Permanently. Redirects are not followed: enter the URL that it leads"),
        (404, "The endpoint answered 404 Not Found."),
        (410, "The endpoint answered 410 Gone."),
        (503, "The endpoint answered 503 Service Unavailable."),
        (799, "The endpoint answered 799."),
    ],
)
def test_everything_else_is_not(receiver: Receiver, status: int, sentence: str) -> None:
    receiver.respond = answer(status, Location=receiver.url)
    got = post(receiver.url, b"{}", {})
    assert got.error.startswith(sentence)
    assert (got.status, got.is_gone) == (status, status == 410)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("respond", [drip, silence])
def test_a_slow_answer_is_waited_for_so_long_and_no_longer(receiver: Receiver, respond: Respond) -> None:
    receiver.respond = respond
    began = time.monotonic()
    got = post(receiver.url, b"{}", {}, seconds=0.5)
    assert got.error == "The endpoint did not answer within 0.5 seconds."
    assert time.monotonic() - began < 10


def test_an_answer_without_end_is_not_read(receiver: Receiver) -> None:
    receiver.respond = flood
    assert post(receiver.url, b"{}", {}, seconds=5).status == 200
    receiver.respond = long_headers
    assert post(receiver.url, b"{}", {}, seconds=5).error == "The endpoint answered with something that is not HTTP."


def test_what_is_no_http_is_said_to_be_none(receiver: Receiver) -> None:
    def speak_ssh(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")

    receiver.respond = speak_ssh
    assert post(receiver.url, b"{}", {}).error == "The endpoint answered with something that is not HTTP."
    receiver.respond = lambda handler: None
    assert "failed (RemoteDisconnected)" in post(receiver.url, b"{}", {}).error


def test_a_closed_port_and_a_name_without_address_are_said(settings: Settings) -> None:
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = True
    assert post("http://127.0.0.1:1/hidden", b"{}", {}).error == (
        "The connection to http://127.0.0.1:1 failed (ConnectionRefusedError)."
    )

    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror

    assert "leads to no public address" in post("https://nowhere.example/", b"{}", {}, resolve=unknown).error


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(receiver: Receiver) -> None:
    """The name exists nowhere but in our resolver, which is asked once."""
    asked = []

    def once(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    got = post(f"http://{HOST}:{receiver.port}/", b"{}", {}, resolve=once)
    assert (got.status, asked) == (204, [HOST])
    assert receiver.got[0].headers["Host"] == f"{HOST}:{receiver.port}"


def test_another_address_of_the_name_is_tried_when_one_does_not_answer(receiver: Receiver) -> None:
    addresses = ["127.0.0.99", "127.0.0.1"]
    got = post(f"http://{HOST}:{receiver.port}/", b"{}", {}, resolve=lambda host, port: addresses)
    assert got.status == 204


def test_a_private_address_is_not_connected_to(receiver: Receiver, settings: Settings) -> None:
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = False
    got = post(f"https://{HOST}:{receiver.port}/", b"{}", {}, resolve=lambda host, port: ["127.0.0.1"])
    assert got.error == f"{HOST} leads to no public address. Correct the URL or its DNS entry: only those are notified."
    assert receiver.got == []


@contextmanager
def full_server(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Listen and answer nobody: the queue of connections is full, so that more are dropped; gives the port."""
    with socket.socket() as listening, socket.socket() as first:
        listening.bind((host, port))
        listening.listen(0)
        first.connect(listening.getsockname())
        yield listening.getsockname()[1]


def test_a_resolver_that_hangs_takes_of_the_same_time_as_all_else(settings: Settings) -> None:
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = True
    is_over = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        is_over.wait(30)
        return ["127.0.0.1"]

    got = post(f"http://{HOST}:1/", b"{}", {}, resolve=hang, seconds=0.3)
    is_over.set()
    assert got.error == f"The name {HOST} could not be looked up within 0.3 seconds."


def test_what_the_look_up_took_is_not_given_to_the_endpoint_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = time.monotonic

    def dawdle(host: str, port: int) -> list[str]:
        monkeypatch.setattr(time, "monotonic", lambda: clock() + 31)
        return ["127.0.0.1"]

    got = post(f"http://{HOST}:{receiver.port}/", b"{}", {}, resolve=dawdle, seconds=30)
    assert got.error == "The endpoint did not answer within 30 seconds."
    assert receiver.got == []


def test_a_name_with_very_many_addresses_takes_no_longer(settings: Settings) -> None:
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = True
    with full_server() as port:
        began = time.monotonic()
        got = post(f"http://{HOST}:{port}/", b"{}", {}, resolve=lambda *_: ["127.0.0.1"] * 40, seconds=2)
        assert got.error == "The endpoint did not answer within 2 seconds."
        assert time.monotonic() - began < 30


def test_an_address_that_drops_what_comes_leaves_time_for_the_next(receiver: Receiver) -> None:
    with full_server("127.0.0.9", receiver.port):
        addresses = ["127.0.0.9", "127.0.0.1"]
        got = post(f"http://{HOST}:{receiver.port}/", b"{}", {}, resolve=lambda *_: addresses, seconds=4)
    assert got.status == 204


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(receiver.url, b"{}", {}).status == 204


# --- TLS ----------------------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str) -> Path:
    """Make a certificate that signs itself; gives the file with it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, *plain)
    )
    return file


@contextmanager
def tls_server(file: Path) -> Iterator[int]:
    """Answer one request over TLS; gives the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def serve() -> None:
        with listening, suppress_errors():
            raw, _ = listening.accept()
            with context.wrap_socket(raw, server_side=True) as secured:
                got = b""
                while not got.endswith(b"{}"):
                    got += secured.recv(65536) or b"{}"
                secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve)
    thread.start()
    yield listening.getsockname()[1]
    thread.join(5)


@contextmanager
def suppress_errors() -> Iterator[None]:
    try:
        yield
    except OSError:
        return


@pytest.mark.parametrize(
    ("name", "is_trusted", "error"),
    [
        (HOST, True, ""),
        (HOST, False, f"The certificate of {HOST} is not valid: self-signed certificate."),
        ("other.example.test", True, f"The certificate of {HOST} is not valid: Hostname mismatch"),
    ],
    ids=["good", "unknown", "of another"],
)
def test_the_certificate_is_that_of_the_name_whatever_the_address(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, is_trusted: bool, error: str
) -> None:
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = True
    file = certificate(tmp_path, name)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with tls_server(file) as port:
        got = post(f"https://{HOST}:{port}/", b"{}", {}, resolve=lambda host, port: ["127.0.0.1"], seconds=5)
    assert got.error.startswith(error)
    assert got.status == (None if error else 204)


def test_a_server_that_never_ends_the_handshake_is_left(settings: Settings) -> None:
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = True
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        got = post(f"https://127.0.0.1:{silent.getsockname()[1]}/", b"{}", {}, seconds=0.5)
    assert got.error == "The endpoint did not answer within 0.5 seconds."
    assert time.monotonic() - began < 10
