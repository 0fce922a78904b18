"""The proxy of docs/nginx.conf in front of the web server: people are served while others send slowly."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.response import addinfourl

import pytest

from launcher.child import wait_for
from launcher.demo import free_port, is_free
from launcher.places import ROOT

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin")
HALVES = {
    "a head": b"GET /healthz HTTP/1.1\r\nHost: pipes.example.com\r\nX-Slow: ",
    "a body": b"POST /account/login/ HTTP/1.1\r\nHost: pipes.example.com\r\nContent-Length: 900\r\n\r\nlogin=",
}
MAIN = """
pid {folder}/pid; error_log {folder}/error.log; daemon off; worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/a; uwsgi_temp_path {folder}/b; scgi_temp_path {folder}/c;
    include {folder}/site.conf;
}}
"""

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="No nginx was found."),
    pytest.mark.neutral,  # about the proxy: of the servers it asks only whether they are there
]


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[tuple[int, int]]:
    """Where the proxy listens, with TLS and without, with the web server of the product behind it."""
    folder, behind, tls, plain = tmp_path_factory.mktemp("proxy"), free_port(), free_port(), free_port()
    write_site(folder, behind, tls, plain)
    serve = ["-m", "gunicorn", "pipes.wsgi:application", "--bind", f"127.0.0.1:{behind}"]
    programs = [
        [sys.executable, *serve, "--threads", "8", "--no-control-socket", "--forwarded-allow-ips", ""],
        [str(NGINX), "-c", str(folder / "nginx.conf")],
    ]
    ours = {"PIPES_BASE_URL": "https://pipes.example.com", "PIPES_ALLOWED_HOSTS": "pipes.example.com"}
    environment = os.environ | ours | {"PIPES_TRUSTED_PROXIES": "1", "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen(program, env=environment, cwd=ROOT) for program in programs]
    try:
        assert wait_for(lambda: not is_free(behind) and not is_free(tls), seconds=60)
        yield tls, plain
    finally:
        for each in running:
            each.terminate()
            each.wait()


@pytest.fixture
def port(ports: tuple[int, int]) -> int:
    """Where it listens with TLS."""
    return ports[0]


def write_site(folder: Path, behind: int, tls: int, plain: int) -> None:
    """Write the site as it is documented, at ports and with a certificate of the test's own."""
    subject = ("-subj", "/CN=pipes.example.com", "-days", "2")
    key = ("-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / "key"))
    subprocess.run(["openssl", "req", "-x509", *key, "-out", str(folder / "pem"), *subject], check=True)
    site = "\n".join(line for line in (ROOT / "docs/nginx.conf").read_text().splitlines() if "[::]" not in line)
    for documented, here in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ", f"listen 127.0.0.1:{tls} "),
        ("127.0.0.1:8000", f"127.0.0.1:{behind}"),
        ("/etc/letsencrypt/live/pipes.example.com/fullchain.pem", str(folder / "pem")),
        ("/etc/letsencrypt/live/pipes.example.com/privkey.pem", str(folder / "key")),
    ):
        assert documented in site
        site = site.replace(documented, here)
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))


def get(port: int, path: str, **headers: str) -> addinfourl:
    """Ask through the proxy."""
    context = ssl._create_unverified_context()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", headers={"Host": "pipes.example.com"} | headers)
    answer: addinfourl = opener.open(request, timeout=60)
    return answer


@pytest.mark.parametrize("half", HALVES)
def test_people_are_served_while_sixty_others_send_half_a_request(port: int, half: str) -> None:
    context, slow = ssl._create_unverified_context(), []
    try:
        for _ in range(60):
            slow.append(context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=60)))
            slow[-1].sendall(HALVES[half])
        with get(port, "/readyz") as answer:
            assert answer.status == 200
    finally:
        for each in slow:
            each.close()


def test_what_comes_through_the_proxy_counts_as_https(port: int) -> None:
    with get(port, "/healthz", **{"X-Forwarded-Proto": "http"}) as answer:
        assert "max-age=" in answer.headers["Strict-Transport-Security"]
    with pytest.raises(urllib.error.HTTPError, match="405"):  # and not sent to https once more
        get(port, "/theme/")


def test_whoever_comes_without_tls_is_sent_to_our_own_name_whatever_they_call_us(ports: tuple[int, int]) -> None:
    with socket.create_connection(("127.0.0.1", ports[1]), timeout=60) as plain:
        plain.sendall(b"GET /profile/?a=b HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: plain.recv(4096), b""))
    assert b"\r\nLocation: https://pipes.example.com/profile/?a=b\r\n" in answer
