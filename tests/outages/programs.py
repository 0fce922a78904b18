"""The product's own programs on the test's database, over lines that can be cut."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from launcher.child import wait_for
from launcher.places import ROOT
from tests.outages.line import Line
from workspaces.models import User

STARTS_PROGRAMS = True  # see tests/kinds.py


def database_over(line: Line) -> str:
    """The URL of the test's database, over a line."""
    url = urlsplit(os.environ["DATABASE_URL"])
    who = f"{url.username or ''}{f':{url.password}' if url.password else ''}"
    return f"postgresql://{who}@127.0.0.1:{line.port}/{settings.DATABASES['default']['NAME']}"


def session_of(user: User) -> str:
    """Sign somebody in; gives the cookie."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return f"sessionid={store.session_key}"


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    page: str
    retry_after: str | None = None


@dataclass(frozen=True)
class Web:
    """A running web server."""

    port: int

    def get(self, path: str, cookie: str = "", *, seconds: float = 30) -> Answer:
        """Ask for a page; a connection that fails has status 0."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(errors="replace"), answer.headers.get("Retry-After"))
        except OSError as error:
            return Answer(0, repr(error))
        finally:
            connection.close()


@contextmanager
def web(**variables: str) -> Iterator[Web]:
    """Run the web server for as long as the block runs, one process of four threads."""
    with socket.create_server(("127.0.0.1", 0)) as listener:  # handed over, so that nobody takes the port in between
        port = listener.getsockname()[1]
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "tests.outages.settings",
            **variables,
        }
        command = [sys.executable, "-m", "gunicorn", "pipes.wsgi:application", "--threads", "4", "--no-control-socket"]
        process = subprocess.Popen(
            [*command, "--bind", f"fd://{listener.fileno()}"],
            cwd=ROOT,
            env=environment,
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
        )
    server = Web(port)
    try:
        assert wait_for(lambda: server.get("/healthz").status == 200, seconds=60)
        yield server
    finally:
        process.terminate()
        process.wait()
