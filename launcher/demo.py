"""The demo: the whole product and what it needs, in the foreground, until Ctrl-C."""

import argparse
import json
import os
import signal
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from launcher import bootstrap
from launcher.child import Program, wait_for
from launcher.keys import load_keys, product_environment, python, write_private
from launcher.places import ROOT, STATE, Instance, LauncherError, is_locked, locked, remove
from launcher.servers import start_servers
from launcher.supervisor import Supervisor

DEMO = Instance(STATE)
_RUNNING = DEMO.run / "demo.json"
_LANES = ("short", "people", "syncs", "health")
_AUTHORITY = DEMO.folder / "tls" / "authority.pem"
_LOCK = STATE / "demo.lock"


def demo(arguments: Sequence[str]) -> int:
    """Start everything and look after it until a signal comes; raise LauncherError when something does not start."""
    parser = argparse.ArgumentParser(prog="./console demo")
    parser.add_argument("--port", type=int, default=8000, help="the port of the console (default: 8000)")
    parser.add_argument("--tls", action="store_true", help="serve https, which is all that the clients of Pipes speak")
    parser.add_argument("--verbose", action="store_true", help="show what the programs log, not only their warnings")
    chosen = parser.parse_args(arguments)
    bootstrap.ensure("demo")
    DEMO.prepare()
    with locked(_LOCK, refusal="A demo of this checkout is running already. Stop it first, or use another checkout."):
        supervisor = Supervisor(DEMO, is_verbose=chosen.verbose)
        try:
            _start(supervisor, port=chosen.port, has_tls=chosen.tls)
            supervisor.watch()
        except KeyboardInterrupt:
            print("\nStopping …", flush=True)
        finally:
            supervisor.stop()
            _RUNNING.unlink(missing_ok=True)
            remove(DEMO.sockets)
    return 0


def running_demo() -> Mapping[str, Any]:
    """Return `address` and `environment` of the running demo; raise LauncherError when none runs."""
    if not is_locked(_LOCK) or not _RUNNING.exists():
        raise LauncherError("No demo is running in this checkout. Start one in another terminal: ./console demo")
    details: dict[str, Any] = json.loads(_RUNNING.read_text())
    return details


def _start(supervisor: Supervisor, *, port: int, has_tls: bool) -> None:
    if not wait_for(lambda: is_free(port), seconds=3):
        raise LauncherError(f"Port {port} is taken by another program. Choose another one: ./console demo --port 9000")
    address = f"{'https' if has_tls else 'http'}://127.0.0.1:{port}"
    certificates = _AUTHORITY.parent
    if has_tls:
        subprocess.run(python("-m", "launcher.certificates", str(certificates)), cwd=ROOT, check=True)
    keys = load_keys(DEMO)
    urls = start_servers(supervisor, DEMO, is_durable=True)
    base = product_environment(keys, urls) | {"PIPES_BASE_URL": address, "PIPES_WEBHOOK_ALLOW_PRIVATE": "true"}
    mailbox = _mailbox(supervisor, base)
    owner = base | {"DATABASE_OWNER_URL": urls["DATABASE_OWNER_URL"]}
    steps = {
        "migrate": python("manage.py", "migrate", "--no-input"),
        "static": python("manage.py", "collectstatic", "--no-input"),
    }
    supervisor.run(steps, owner)
    worker = base | dict(_aws(supervisor, {"SSL_CERT_FILE": str(_AUTHORITY)} if has_tls else {}))
    seed = supervisor.run({"seed": python("-m", "tests.demo", "seed")}, owner | worker)
    web = base | {"PIPES_DATABASE_POOL": "true", "AWS_ENDPOINT_URL": worker["AWS_ENDPOINT_URL"]}
    supervisor.start(
        _web(web, address, port, certificates if has_tls else None),
        _worker(worker),
        _celery("beat", ["beat", "--schedule", str(DEMO.run / "beat")], base, "beat: Starting"),
    )
    supervisor.run({"past": python("-m", "tests.demo", "past")}, owner | worker)
    write_private(_RUNNING, {"address": address, "environment": owner | worker})
    print(f"\nPipes runs at {address} – Ctrl-C stops it. Logs: {DEMO.logs.relative_to(ROOT)}/", flush=True)
    print(f"{seed['seed']}{mailbox}", flush=True)
    if has_tls:
        print(f"Programs trust it with SSL_CERT_FILE={_AUTHORITY}", flush=True)


def _mailbox(supervisor: Supervisor, base: dict[str, str]) -> str:
    """Keep letters as files and show them on a page, unless the environment names a mail server; says where."""
    if base.get("EMAIL_URL"):
        return ""
    folder = DEMO.folder / "mail"
    folder.mkdir(exist_ok=True)
    base["EMAIL_URL"] = mail_url(folder)
    port = 8025 if is_free(8025) else free_port()
    address = f"http://127.0.0.1:{port}/"
    supervisor.start(
        Program(
            name="mailbox",
            command=python("-m", "tests.demo.mailbox", "--port", str(port), str(folder)),
            environment=base,
            is_ready=lambda _child: _fetch(address) is not None,
        )
    )
    return f"\nLetters that the product sends lie in the mailbox: {address}\n"


def mail_url(folder: Path) -> str:
    """Return the EMAIL_URL of letters that are kept as files; its reader takes the first slash of the path away."""
    return f"filemail:///{folder}"


def _aws(supervisor: Supervisor, trust: Mapping[str, str]) -> Mapping[str, str]:
    """Return the AWS variables of the worker, and start the stand-in unless the environment names an endpoint.

    Its events go to our own address, whose certificate it is to ``trust``.
    """
    if os.environ.get("AWS_ENDPOINT_URL"):
        return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    port = 4566 if is_free(4566) else free_port()
    endpoint = f"http://127.0.0.1:{port}"
    supervisor.start(
        Program(
            name="aws",
            command=python("-m", "tests.fakes.aws", "serve", "--port", str(port), "--state", str(STATE / "aws.json")),
            environment={**os.environ, "PYTHONUNBUFFERED": "1", **trust},
            is_ready=lambda _child: _fetch(f"{endpoint}/_stand-in/health") is not None,
        )
    )
    # The stand-in makes our principal and its key pair, and keeps both with its state.
    vendor: dict[str, str] = json.loads(_fetch(f"{endpoint}/_stand-in/show") or "{}")["vendor"]
    return vendor | {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}


def _web(environment: Mapping[str, str], address: str, port: int, certificates: Path | None) -> Program:
    command = [
        "-m",
        "gunicorn",
        "pipes.wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
        "--threads",
        "4",
        "--forwarded-allow-ips",
        "",
    ]
    if certificates:
        command += ["--certfile", str(certificates / "server.pem"), "--keyfile", str(certificates / "server.key")]
    return Program(
        name="web",
        command=python(*command, "--no-control-socket", "--graceful-timeout", "5", "--worker-tmp-dir", str(DEMO.run)),
        environment=environment,
        is_ready=lambda _child: _fetch(f"{address}/healthz") is not None,
    )


def _worker(environment: Mapping[str, str]) -> Program:
    return Program(
        name="worker",
        command=python("-m", "pipes.worker"),
        environment={**environment, "PIPES_SIGNS_OF_LIFE": str(DEMO.run / "worker")},
        is_ready=lambda child: all(child.has_logged(f"{lane}@") for lane in _LANES),
        # Without a broker it would wait for its tasks for ever; what it leaves unfinished is taken up again.
        death_signal=signal.SIGKILL,
    )


def _celery(name: str, arguments: Sequence[str], environment: Mapping[str, str], sign_of_life: str) -> Program:
    return Program(
        name=name,
        command=python("-m", "celery", "--quiet", "--app", "pipes", *arguments),
        environment=environment,
        is_ready=lambda child: child.has_logged(sign_of_life),
        # Without a broker it would wait for its tasks for ever; what it leaves unfinished is taken up again.
        death_signal=signal.SIGKILL,
    )


def _fetch(url: str) -> bytes | None:
    """Return the page, or None when nobody answers with one."""
    ours = urllib.request.HTTPSHandler(
        context=ssl.create_default_context(cafile=_AUTHORITY if _AUTHORITY.exists() else None)
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), ours)  # whatever proxy the environment names
    try:
        with opener.open(url, timeout=5) as answer:
            page: bytes = answer.read()
            return page
    except OSError:
        return None


def is_free(port: int) -> bool:
    """Say whether we could listen on this port of the loopback address."""
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        port: int = candidate.getsockname()[1]
        return port
