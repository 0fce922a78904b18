"""What the log says of a request and of a task, and what it never says."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as project
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path
from pytest_django import Settings
from structlog.stdlib import ProcessorFormatter

from pipes.monitoring import logs
from pipes.urls import urlpatterns as all_patterns
from tests.conftest import Cast

Lines = Callable[[], list[dict[str, Any]]]

SECRET = "Zx9-notForTheLog_77"
# Names of arguments in addresses that are no secrets; whatever has another name is taken for one.
HARMLESS = {
    "page_name",
    *("subject", "account", "service_token"),
    "anchor",
    *("tenant", "organization", "workspace", "integration", "folder", "connection", "aggregator", "member", "run"),
    *(
        "invitation",
        "draft",
        "webhook",
        "delivery",
        "step",
        "kind",
        "file",
        "inlet",
        "pk",
        "act",
        "object_id",
        "support",
    ),
    *("support_access", "app_label", "content_type_id", "url", "path", "remains"),
    # Of what programs call: handles and ids.
    *(
        "org",
        "user",
        "identity",
        "email",
        "token_id",
        "own_token",
        "held_token",
        "process",
        "permission",
        "schema",
        "node",
        "name",
    ),
}


def _break(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(f"as it may happen at {request.get_full_path()}")


urlpatterns = [*all_patterns, path("broken/invitations/<str:token>/", lambda request, token: _break(request))]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Give what was logged since, as it stands in the log of a production."""
    (handler,) = (each for each in logging.getLogger().handlers if isinstance(each.formatter, ProcessorFormatter))
    wanted = dict(logs.logging_config(level="INFO", is_json=True)["formatters"]["structured"])
    wanted.pop("()")
    log = StringIO()
    monkeypatch.setattr(handler, "formatter", ProcessorFormatter(**wanted))
    monkeypatch.setattr(handler, "stream", log)
    return lambda: [json.loads(line) for line in log.getvalue().splitlines()]


def test_every_line_of_a_request_has_its_id(cast: Cast, as_org_owner: Client, settings: Settings, lines: Lines) -> None:
    settings.ROOT_URLCONF = __name__
    as_org_owner.raise_request_exception = False
    for page in ("/profile/", "/nowhere/", "/tenants/acme/people/", "/broken/invitations/x/", "/operator/"):
        as_org_owner.get(page)
    as_org_owner.get("/profile/", headers={"Host": "evil.example"})
    Client(enforce_csrf_checks=True).post("/account/login/")
    assert len(lines()) >= 7
    assert [line for line in lines() if not line.get("request_id")] == []


@pytest.mark.parametrize(
    ("page", "headers", "code"),
    [
        ("/tenants/acme/people/", {}, 403),
        ("/nowhere/", {}, 404),
        ("/profile/", {"Host": "evil.example"}, 400),
        ("/theme/", {}, 405),
    ],
)
def test_a_refusal_is_one_line_without_a_traceback(
    cast: Cast, as_org_owner: Client, lines: Lines, page: str, headers: dict[str, str], code: int
) -> None:
    assert as_org_owner.get(page, headers=headers).status_code == code
    told = [line for line in lines() if line["level"] != "info"]
    assert [line["code"] for line in told if line["event"] == "request_finished"] == [code]
    assert [line for line in told if "exception" in line] == []
    assert len(told) <= (2 if code == 400 else 1)  # that a host is unknown is said by itself


def test_a_failure_is_one_line_with_its_traceback_and_its_person(
    cast: Cast, as_org_owner: Client, settings: Settings, lines: Lines
) -> None:
    settings.ROOT_URLCONF = __name__
    as_org_owner.raise_request_exception = False
    as_org_owner.get("/broken/invitations/x/")
    (line,) = (line for line in lines() if line["level"] == "error")
    assert "RuntimeError" in line["exception"]
    assert line["user_id"] == cast.org_owner.pk


def test_the_line_of_a_request_says_who_it_was(cast: Cast, as_org_owner: Client, lines: Lines) -> None:
    as_org_owner.get("/account/sessions/")
    assert [line["user_id"] for line in lines() if line["event"] == "request_finished"] == [cast.org_owner.pk]


def test_probes_that_find_us_well_are_not_told(db: None, client: Client, lines: Lines) -> None:
    client.get("/healthz")
    client.get("/readyz")
    assert lines() == []


def addresses_with_secrets(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[str]:
    """Give an address for each URL that has a secret in it."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses_with_secrets(entry, prefix + str(entry.pattern).lstrip("^"))
        elif isinstance(entry, URLPattern) and set(names_in(entry)) - HARMLESS:
            yield prefix + written(str(entry.pattern))


def names_in(entry: URLPattern) -> set[str]:
    """Give what a pattern takes."""
    return set(entry.pattern.converters) | set(entry.pattern.regex.groupindex)


def written(pattern: str) -> str:
    """Put the secret wherever a pattern takes something."""
    groups_gone = re.sub(r"\(\?P<\w+>(?:[^()]|\([^()]*\))*\)", SECRET, pattern)
    text = re.sub(r"<(?:\w+:)?\w+>", SECRET, groups_gone)
    return text.strip("^$").replace("\\Z", "")


def test_no_address_with_a_secret_in_it_reaches_the_log() -> None:
    addresses = list(addresses_with_secrets())
    assert len(addresses) >= 5  # invitation, two of emails, confirmation, password
    for address in addresses:
        for line in (f"GET {address}", f"GET /account/login/?next={quote(address, safe='')}", f"GET {address}?a=b"):
            assert SECRET not in str(logs.hide_secrets(None, "info", {"request": line, "exception": line})), line


@pytest.mark.parametrize(
    "text",
    [f"/x/?token={SECRET}", f"/x/?a=1&key={SECRET}&b=2", f"/x/?code={SECRET}", f"tpt_{SECRET}", f"whsec_{SECRET}"],
)
def test_what_is_a_secret_by_its_name_does_not_either(text: str) -> None:
    assert SECRET not in str(logs.hide_secrets(None, "info", {"event": text}))


def test_a_traceback_does_not_tell_it(cast: Cast, client: Client, settings: Settings, lines: Lines) -> None:
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    client.get(f"/broken/invitations/{SECRET}/")
    assert [line for line in lines() if "exception" in line] != []
    assert SECRET not in str(lines())


def test_the_clock_s_ticks_are_not_told(lines: Lines) -> None:
    beat, strategy, trace = map(logging.getLogger, ("celery.beat", "celery.worker.strategy", "celery.app.trace"))
    beat.info("Scheduler: Sending due task %s (%s)", "start the syncs that are due", "integrations.tasks.enqueue_due")
    strategy.info("Task %s received", "x")
    trace.info("Task %s succeeded", "x")
    beat.info("beat: Starting...")
    trace.error("Task %s failed", "x")
    assert [line["event"] for line in lines()] == ["beat: Starting...", "Task x failed"]
    assert project.DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL == logging.DEBUG
    assert project.DJANGO_STRUCTLOG_CELERY_TASK_SUCCESS_LOG_LEVEL == logging.DEBUG
