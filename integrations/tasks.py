# mypy: disable-error-code="untyped-decorator"
"""Background work: ids in, one call each. Safe to run twice, and after the row is gone.

Celery alone imports this; what needs a worker sends for it by name, with ``jobs.sending``. The modules that talk to AWS
are imported when a task runs: the web process knows the tasks too, and never needs boto3.
"""

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, Final

from celery import shared_task
from django.utils import timezone

from integrations.health import batches
from integrations.jobs import redelivery, slots
from integrations.jobs.sending import LOW_PRIORITY, Task, send
from integrations.sync import dispatcher

# Of each hour; what is not done by then is done in the next one.
CLEAN_UP_SECONDS: Final = 600.0


@shared_task
def enqueue_due() -> None:
    """Send a message for each integration that is due; one that nobody reads in time is sent again, so it expires."""
    options = {"expires": dispatcher.PATIENCE.total_seconds(), "priority": LOW_PRIORITY}
    with sync_integration.app.producer_or_acquire() as producer:
        patience = dispatcher.PATIENCE if _has_queue(sync_integration, producer) else redelivery.PATIENCE_WITHOUT_QUEUE
        send_sync = partial(sync_integration.apply_async, producer=producer, **options)
        dispatcher.send_due(send_sync, now=timezone.now(), patience=patience)
        if not _has_queue(run_access_test, producer):
            _send_again()


def _has_queue(task: Any, producer: Any) -> bool:
    """Whether messages wait where those of a task do."""
    queue = task.app.amqp.router.route({}, task.name)["queue"]
    return bool(producer.channel.queue_declare(queue.name).message_count)


def _send_again() -> None:
    """Send for what waits in its row though no message waits: that got lost."""
    for tenant_id, deleting_id in redelivery.waiting(now=timezone.now()):
        if deleting_id is None:
            _send_for_next(tenant_id)
        else:
            send(Task.REMOVAL, tenant_id, deleting_id)


@shared_task
def sync_integration(tenant_id: int, integration_id: int) -> None:
    """Run the sync that is due for an integration, if any."""
    from integrations.sync import run as sync_run
    from integrations.trials import unattended

    sync_run.perform(tenant_id, integration_id)
    unattended.save_when_read(tenant_id, integration_id, now=timezone.now())


@shared_task
def enqueue_health_tests() -> None:
    """Send a message for each tenant of which connections are to be tested."""
    for tenant_id in batches.take_due(now=timezone.now()):
        expires = batches.DISPATCH_PATIENCE.total_seconds()
        run_health_tests.apply_async((tenant_id,), expires=expires, priority=LOW_PRIORITY)


# The released version calls it so, and messages cross an update: a task that a worker does not know is dropped.
@shared_task(name="integrations.tasks.test_connections")
def run_health_tests(tenant_id: int) -> None:
    """Test the connections of a tenant that are due, a batch of them."""
    from integrations.health import run as health_run

    health_run.run(tenant_id)


@shared_task
def run_access_test(tenant_id: int, test_id: int) -> None:
    from integrations.access_tests import run as access_tests_run

    _run_and_pass_on(tenant_id, partial(access_tests_run.run, tenant_id, test_id))


@shared_task
def remove_integration(tenant_id: int, integration_id: int) -> None:
    from integrations import clean_up as integrations_clean_up

    integrations_clean_up.remove(tenant_id, integration_id)


@shared_task
def run_settings_trial(tenant_id: int, trial_id: int) -> None:
    from integrations.trials import run as trials_run

    _run_and_pass_on(tenant_id, partial(trials_run.run, tenant_id, trial_id))


def _run_and_pass_on(tenant_id: int, run: Callable[[], bool]) -> None:
    """Run something that takes a slot, then send for what waits for it; a bug gives its slot back too."""
    has_run = True
    try:
        has_run = run()
    finally:
        if has_run:
            _send_for_next(tenant_id)


def _send_for_next(tenant_id: int) -> None:
    """Send for what has waited longest for a slot."""
    for kind, pk in slots.next_in_turn(tenant_id, now=timezone.now()):
        send(Task.ACCESS_TEST if kind == "test" else Task.SETTINGS_TRIAL, tenant_id, pk)


@shared_task
def deliver_notifications() -> None:
    from integrations.notifications import delivery

    delivery.deliver_due()


@shared_task
def clean_up() -> None:
    """Drop expired drafts and old tests, and purge what was removed long enough ago."""
    from integrations import clean_up as integrations_clean_up

    deadline = monotonic() + CLEAN_UP_SECONDS
    integrations_clean_up.run(now=timezone.now(), is_time_up=lambda: monotonic() >= deadline)
