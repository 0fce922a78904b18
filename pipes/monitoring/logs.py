"""What is logged, and what never is: a secret, a refusal's traceback, a tick."""

import re
from collections.abc import Mapping, MutableMapping
from logging import LogRecord
from typing import Any, Final

import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404

from pipes.env import env, is_debugged

Event = MutableMapping[str, Any]

# What follows these in an address opens something: the links that we mail, and those from which shells fetch files.
# Also where the address stands in a query, as in ``?next=%2Finvitations%2F…``.
_LINKS: Final = (
    *(r"(?<!people)/invitations/", r"/reset/key/", r"/confirm-email/", r"/emails/(?:confirm|stop)/"),
    r"/setup-files/",
)
_IN_LINK: Final = re.compile(
    "(" + "|".join(_LINKS).replace("/", "(?:/|%2F)") + r")(?:(?!%2F)[^/\s\"'&?])+", re.IGNORECASE
)
_IN_QUERY: Final = re.compile(r"([?&](?:token|key|code|secret|password|signature)=)[^&\s\"']+", re.IGNORECASE)
# Our own kinds of secrets say what they are.
_BY_ITSELF: Final = re.compile(r"\b(tpt_|whsec_)[\w+/=-]+")
_PROBES: Final = {f"{method} /{name}" for method in ("GET", "HEAD") for name in ("healthz", "readyz")}


def hide_secrets(_logger: Any, _method: str, event: Event) -> Event:
    """Take out of every text of a line, tracebacks included, what would let its reader in."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _BY_ITSELF.sub(r"\1…", _IN_QUERY.sub(r"\1…", _IN_LINK.sub(r"\1…", value)))
    return event


def drop_expected_tracebacks(_logger: Any, _method: str, event: Event) -> Event:
    """Leave the traceback out where somebody was refused, which is no fault of the code."""
    raised = event.get("exc_info")
    if isinstance(raised, tuple) and isinstance(raised[1], PermissionDenied | Http404 | SuspiciousOperation):
        del event["exc_info"]
    return event


def drop_probes(_logger: Any, _method: str, event: Event) -> Event:
    """Drop the line of a probe that found us well: it comes every few seconds, and says nothing."""
    if event.get("event") == "request_finished" and event.get("code") == 200 and event.get("request") in _PROBES:
        raise structlog.DropEvent
    return event


def is_no_tick(record: LogRecord) -> bool:
    """Return whether a line of beat is anything else than its tick, which comes every other second."""
    return not str(record.msg).startswith("Scheduler: Sending due task")


# What each line says beside its event, from whichever logger.
_ADDED: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

_AS_ALL: Final[Mapping[str, Any]] = {"handlers": [], "propagate": True, "level": "NOTSET"}
_OWN_WAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    # They have handlers and levels of their own otherwise.
    "django.server": {"handlers": ["stderr"], "propagate": False},
    "gunicorn.error": _AS_ALL,
    "gunicorn.access": _AS_ALL,
    # Each request has a line of its own, with its id; these would be others about the same.
    "django.request": {"level": "CRITICAL"},
    # The same of tasks: what one did it says itself, and what failed is logged as an error.
    "celery.beat": {"filters": ["no ticks"]},
    "celery.worker.strategy": {"level": "WARNING"},
    "celery.app.trace": {"level": "WARNING"},
    # Below this level they log how credentials were found, and what was sent with them.
    "botocore": {"level": "WARNING"},
    "boto3": {"level": "WARNING"},
    "urllib3": {"level": "WARNING"},
}


def from_environment() -> dict[str, Any]:
    """Give what ``logging`` is configured with, for whatever program this is."""
    is_json = env.bool("PIPES_LOG_JSON", default=not is_debugged())
    return logging_config(level=env.str("PIPES_LOG_LEVEL", default="INFO"), is_json=is_json)


def logging_config(*, level: str, is_json: bool) -> dict[str, Any]:
    """Everything that logs goes through structlog to standard error, one line an event."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            drop_probes,
            *_ADDED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"no ticks": {"()": lambda: is_no_tick}},
        "formatters": {"structured": _formatter(is_json=is_json)},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": _OWN_WAYS,
    }


def _formatter(*, is_json: bool) -> dict[str, Any]:
    renderer: Any = structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            drop_expected_tracebacks,
            structlog.processors.format_exc_info,
            hide_secrets,
            renderer,
        ],
        "foreign_pre_chain": _ADDED,
    }
