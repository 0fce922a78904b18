"""The API: a list beside the bare rows, signing in, and the whole tree as one stream."""

import json
import tracemalloc

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from bench.database import a_scope, analyze
from bench.mirrors import a_snapshot, an_integration, sync
from bench.table import Row, at_most, fastest_in_turn, show
from connections.models import Connection
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import User
from workspaces.people import tokens

_LISTED = 100
_SET_AT = 10_000
# The columns that the answer about a connection is made of.
_COLUMNS = (
    *("public_id", "handle", "title", "is_managed", "is_handle_static", "source_id", "plugin", "state", "health"),
    *("options", "created_at", "updated_at", "version", "folder__public_id", "health_tested_at"),
)


def run(accounts: int, runs: int) -> None:
    """Show what a list and the stream take beside so many accounts."""
    scope = a_scope(f"api-{accounts}")
    with isolation.as_tenant(scope.tenant.pk):
        sync(an_integration(scope), a_snapshot(accounts))
    analyze()
    with override_settings(DEBUG=False, ALLOWED_HOSTS=["testserver"], SECURE_SSL_REDIRECT=False, STORAGES=_plain()):
        program = _Program(scope)
        program.get("/actor")  # once: what is made with the first request
        program.get(f"/org/{scope.organization}/connection?limit={_LISTED}")
        _list(program, scope, accounts, runs * 20)
        _stream(program, scope, accounts)


def _plain() -> dict[str, dict[str, str]]:
    return settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


class _Program:
    """A client with a token of the scope's owner."""

    def __init__(self, scope: Scope) -> None:
        with isolation.as_tenant(scope.tenant.pk):
            owner = User.objects.filter(memberships__tenant=scope.tenant, memberships__organization=None).first()
            text = tokens.make(user=owner, tenant=scope.tenant, title="", expires_at=None, by=owner, now=timezone.now())
        self._client, self._headers = Client(), {"Authorization": f"Bearer {text}"}

    def get(self, path: str) -> bytes:
        answer = self._client.get(f"/api/latest{path}", headers=self._headers)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if answer.status_code != 200:
            raise RuntimeError(body)
        return body


def _list(program: _Program, scope: Scope, accounts: int, runs: int) -> None:
    path = f"/org/{scope.organization}/connection?limit={_LISTED}"

    def bare() -> None:
        with isolation.as_tenant(scope.tenant.pk):
            rows = Connection.objects.in_scope(scope).order_by("pk").values(*_COLUMNS)[:_LISTED]
            json.dumps(list(rows), cls=DjangoJSONEncoder)

    bare_seconds, ours, actor = fastest_in_turn(runs, bare, lambda: program.get(path), lambda: program.get("/actor"))
    with CaptureQueriesContext(connection) as asked:
        program.get(path)
    rows = [
        Row("values() and json.dumps", bare_seconds),
        Row(f"ours, {len(asked)} statements", ours),
        Row("ours, who one is: signing in and little else", actor),
    ]
    show(f"A list of {_LISTED} connections beside {accounts:,}", rows)
    if accounts == _SET_AT:
        at_most(f"a list of {_LISTED} connections, of values() and json.dumps", ours / bare_seconds, 3)


def _stream(program: _Program, scope: Scope, accounts: int) -> None:
    path = f"/org/{scope.organization}/connection_tree/stream"
    (seconds,) = fastest_in_turn(3, lambda: program.get(path))
    tracemalloc.start()
    answer = program._client.get(f"/api/latest{path}", headers=program._headers)
    lines = sum(line.count(b"\n") for line in answer.streaming_content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    show(
        f"The tree of {accounts:,} accounts as a stream",
        [Row(f"{lines:,} lines, {most / 2**20:.1f} MB at most", seconds)],
    )
    if accounts == _SET_AT:
        at_most("seconds of the tree of 10,000 as a stream", seconds, 2)
