"""The lanes of a worker: what may wait for what, how many threads each has, and how many connections to PostgreSQL."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Lane:
    """Queues with threads of their own, which borrow connections from a pool of their own.

    With all its threads taken it counts as moving for as long as the youngest piece of work is younger than
    ``patience``, in seconds.
    """

    name: str
    queues: tuple[str, ...]
    threads: int
    connections: int
    patience: float


LANES: Final = {
    lane.name: lane
    for lane in (
        # Sending for work, notifications, cleaning up: seconds. Webhooks that hang take ten, several at once.
        Lane("short", ("short",), threads=12, connections=4, patience=60),
        # What somebody looks at while it runs: tests of access, trials, previews.
        Lane("people", ("people",), threads=8, connections=3, patience=300),
        # They wait for AWS most of the time.
        Lane("syncs", ("celery",), threads=16, connections=5, patience=1800),
        Lane("health", ("health",), threads=6, connections=2, patience=300),
    )
}

# What is not named here is of the default queue, and so of the lane of syncs.
ROUTES: Final = {
    f"integrations.tasks.{task}": {"queue": queue}
    for queue, tasks in {
        "short": ("enqueue_due", "enqueue_health_tests", "deliver_notifications", "clean_up", "remove_integration"),
        "people": ("run_access_test", "run_settings_trial"),
        "health": ("test_connections",),
    }.items()
    for task in tasks
}

# How senders and workers talk to the broker.
BROKER_OPTIONS: Final = {
    "visibility_timeout": 3600,  # longer than the longest task, or the broker would deliver it twice
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,  # seconds
    "socket_timeout": 1.5,
    "max_retries": 0,  # for senders; a worker waits for as long as it takes
    "health_check_interval": 2,  # how late a worker notices that nobody answers any more
}
