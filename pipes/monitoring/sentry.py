"""Reports of errors to a Sentry, where the operator names one: what went wrong and where, and nobody's data."""

from collections.abc import Mapping
from typing import Any, Final

from pipes.monitoring.logs import hide_secrets

# What is known of a request: which view, not who asked, from where, with what.
_KEPT_OF_REQUEST: Final = ("method", "url")
_KEPT_OF_CONTEXTS: Final = ("runtime", "trace")


def start(dsn: str, **options: Any) -> None:
    import sentry_sdk  # which most installations do not use, and none should wait for that does not
    from sentry_sdk.integrations.logging import ignore_logger

    ignore_logger("django_structlog.middlewares.request")  # what it logs is reported already, where it was raised
    sentry_sdk.init(
        dsn=dsn,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=scrub,
        **options,
    )


def scrub(event: Any, _hint: Mapping[str, Any]) -> Any:
    """Keep the error's type, place and sentence, and the address; drop the rest, and mask links that hold a secret."""
    request = event.get("request") or {}
    kept = {name: request[name] for name in _KEPT_OF_REQUEST if name in request}
    if "url" in kept:
        kept["url"] = _masked(kept["url"].partition("?")[0])
    event["request"] = kept
    for name in ("user", "extra", "breadcrumbs", "server_name"):
        event.pop(name, None)
    contexts = event.get("contexts") or {}
    event["contexts"] = {name: contexts[name] for name in _KEPT_OF_CONTEXTS if name in contexts}
    for error in (event.get("exception") or {}).get("values") or []:
        error["value"] = _masked(str(error.get("value") or ""))
    entry = event.get("logentry")
    if entry:
        event["logentry"] = {"message": _masked(str(entry.get("message") or ""))}
    return event


def _masked(text: str) -> str:
    return str(hide_secrets(None, "", {"event": text})["event"])
