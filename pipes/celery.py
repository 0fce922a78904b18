"""The background worker, and the whole schedule of what it does by itself."""

import logging.config
import os
import time
from datetime import datetime
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from celery.schedules import schedule
from celery.signals import setup_logging, task_postrun, task_prerun, worker_shutting_down
from celery.states import SUCCESS
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from integrations.aws.calls import counters, rate_limit
from pipes.cache import FAULTS, redis_breaker
from pipes.monitoring import installation, metrics
from workspaces.metrics import count

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipes.settings")
# Worker and beat answer no page. Celery would have them check all pages at each start, and load them for that, which is
# half of what they load; `migrate` has checked the installation, and all of them refuse settings that are not safe.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")


class _Line(Connection):
    """A connection to the broker; who waits for it retries every second, however long it has been away."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        untyped: Any = super()
        return untyped.ensure_connection(*args, **{"interval_start": 1, "interval_step": 0, "interval_max": 1} | kwargs)


class _Amqp(AMQP):
    Connection = _Line


class App(Celery):
    """Celery, which waits for a broker once and then knows that it is away."""

    def send_task(self, *args: Any, **kwargs: Any) -> Any:
        """Send a message. Raises OperationalError or one of FAULTS when the broker does not take it."""
        untyped: Any = super()
        if redis_breaker.is_open and not redis_breaker.may_look():
            raise OperationalError("The broker was away a moment ago.")
        try:
            sent = untyped.send_task(*args, **kwargs)
        except (OperationalError, *FAULTS):
            redis_breaker.trip()
            raise
        redis_breaker.reset()
        return sent


app = App("pipes", amqp=_Amqp)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks(["integrations"])


class Every(schedule):
    """So many seconds after the last time; at once when that lies ahead, for then the clock was set back."""

    def is_due(self, last_run_at: datetime) -> tuple[bool, datetime]:
        now = self.now()
        return super().is_due(now - self.run_every if self.maybe_make_aware(last_run_at) > now else last_run_at)


app.conf.beat_schedule = {
    "start the syncs that are due": {
        "task": "integrations.tasks.enqueue_due",
        "schedule": Every(2.0),
        "options": {"expires": 60},
    },
    "test the connections that are due": {
        "task": "integrations.tasks.enqueue_health_tests",
        "schedule": Every(5.0),
        "options": {"expires": 10},
    },
    "send the notifications that are due": {
        "task": "integrations.tasks.deliver_notifications",
        "schedule": Every(3.0),
        "options": {"expires": 60},
    },
    "drop expired drafts, purge removed nodes": {
        "task": "integrations.tasks.clean_up",
        "schedule": Every(3600.0),
        "options": {"expires": 1800},
    },
}


@setup_logging.connect  # type: ignore[untyped-decorator]
def configure_logging(**_kwargs: object) -> None:
    """Keep Django's logging: Celery would replace it by its own when a worker starts."""
    logging.config.dictConfig(settings.LOGGING)


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def stop_waiting_for_aws(**_kwargs: object) -> None:
    """Have what is under way end soon: a worker that is to stop is killed after a minute."""
    rate_limit.stop()


@task_prerun.connect  # type: ignore[untyped-decorator]
def begin_to_measure(task: Any, **_kwargs: object) -> None:
    task.request.measured_from = time.monotonic()


@task_postrun.connect  # type: ignore[untyped-decorator]
def measure(task: Any, state: str | None, **_kwargs: object) -> None:
    """Count a task that ended, with what it asked AWS; one that dispatches also shows that workers are alive."""
    name = task.name.rpartition(".")[2]
    count("tasks", task=name, outcome=(state or "unknown").lower())
    count("task_seconds", time.monotonic() - getattr(task.request, "measured_from", time.monotonic()), task=name)
    for (operation, answer), number in counters.take().items():
        count("aws_calls", number, operation=operation, answer=answer)
    if name == "enqueue_due" and state == SUCCESS:
        installation.tick("dispatcher")
    metrics.flush()
