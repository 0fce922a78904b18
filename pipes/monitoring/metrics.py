"""What Prometheus reads at /metrics: what all processes have counted, and how the work stands at this moment.

Each process adds what it counted to one hash in Redis every few seconds, so that any web process can show the sum of
the whole installation: scrape one address. While Redis is away nothing is lost that a process still holds.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from pipes.cache import FAULTS, redis_breaker
from pipes.monitoring import installation
from workspaces import metrics
from workspaces.metrics import Key

_HASH: Final = "pipes:metrics"
_FLUSH_SECONDS: Final = 5.0
_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Each counter, with what it counts and its labels; what is not named here is not shown.
_COUNTERS: Final = {
    "requests": ("Requests answered, by view and class of status", ("view", "status")),
    "tasks": ("Tasks of workers that ended, by outcome", ("task", "outcome")),
    "task_seconds": ("Seconds that tasks took", ("task",)),
    "syncs": ("Syncs that ended, by outcome", ("outcome",)),
    "targeted_differences": ("Changes that a targeted sync had shown otherwise than the next full one", ()),
    "aws_calls": ("Calls to AWS, by operation and answer", ("operation", "answer")),
    "database_pool_timeouts": ("Times that no connection to the database was free in time", ()),
}
_flush_lock = threading.Lock()
_flushed_at = 0.0


class MetricsMiddleware:
    """Count requests by the name of their view, never by their address: that holds names."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started_at = time.monotonic()
        response = self.get_response(request)
        took = time.monotonic() - started_at
        metrics.count("requests", view=_view_of(request), status=f"{response.status_code // 100}xx")
        metrics.count("request_seconds_sum", took)
        for limit in (*(each for each in _BUCKETS if took <= each), "+Inf"):
            metrics.count("request_seconds_bucket", le=str(limit))
        flush()
        return response


def _view_of(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:  # answered by a middleware before the view was looked for
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return "none"
    return match.view_name or "unnamed"


def flush(*, now: bool = False) -> None:
    """Add to the sums what this process has counted, if the last time was a while ago."""
    global _flushed_at
    with _flush_lock:
        if redis_breaker.is_open or (not now and time.monotonic() - _flushed_at < _FLUSH_SECONDS):
            return
        _flushed_at = time.monotonic()
    taken = metrics.take()
    if not taken:
        return
    try:
        with _redis() as server, server.pipeline(transaction=False) as pipeline:
            for key, number in taken.items():
                pipeline.hincrbyfloat(_HASH, json.dumps(key), number)
            pipeline.execute()
    except FAULTS:
        metrics.give_back(taken)


def text() -> bytes:
    registry = CollectorRegistry()
    registry.register(_Collector())
    return generate_latest(registry)


class _Collector:
    def collect(self) -> Iterator[Metric]:
        flush(now=True)
        yield from _counters()
        figures = installation.figures()
        for name, (what, value) in figures.items():
            if value is not None:
                yield GaugeMetricFamily(f"pipes_{name}", what, value=value)


def _counters() -> Iterator[Metric]:
    families = {
        name: CounterMetricFamily(f"pipes_{name}", what, labels=labels) for name, (what, labels) in _COUNTERS.items()
    }
    sums = _sums()
    for (name, labels), number in sums.items():
        if name in families:
            values = dict(labels)
            families[name].add_metric([values.get(label, "") for label in _COUNTERS[name][1]], number)
    yield from families.values()
    limits = [*map(str, _BUCKETS), "+Inf"]
    buckets = [(limit, sums.get(("request_seconds_bucket", (("le", limit),)), 0)) for limit in limits]
    took = sums.get(("request_seconds_sum", ()), 0)
    yield HistogramMetricFamily("pipes_request_seconds", "How long requests took", buckets=buckets, sum_value=took)


def _sums() -> dict[Key, float]:
    try:
        with _redis() as server:
            stored = server.hgetall(_HASH)
    except FAULTS:
        return {}
    sums = {}
    for field, number in stored.items():
        name, labels = json.loads(field)
        sums[name, tuple((key, value) for key, value in labels)] = float(number)
    return sums


def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, **settings.REDIS_OPTIONS)
