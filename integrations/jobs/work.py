"""Work that asks AWS, and shows in its row how far it has come.

Tests by hand, trials and previews are each run once. Whatever takes the place of such a row, or deletes it, says
nothing: the work finds out when it writes next, and stops.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from django.utils import timezone

from integrations.aws.calls.retry import Retries
from integrations.aws.errors import AwsError
from integrations.models import AccessTest, SettingsTrial
from integrations.planning.snapshot import Progress
from workspaces import isolation
from workspaces.encryption import SecretUnreadableError

Row = TypeVar("Row", AccessTest, SettingsTrial)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Work(ABC):
    """What a read of AWS counts its calls with, and says to how far it is: that may raise, to stop the read."""

    retries: Retries
    calls: int = 0
    written_at: float = 0.0
    progress_seconds: float = 0.5  # progress is written no more often

    def count_call(self) -> None:
        """Count one call to AWS; comes from several threads, but never from two at once."""
        self.calls += 1

    @property
    def has_just_written(self) -> bool:
        """Whether it is too soon to write mere progress."""
        return time.monotonic() - self.written_at < self.progress_seconds

    @abstractmethod
    def step(self, text: str) -> None: ...

    @abstractmethod
    def progress(self, read: Progress) -> None: ...


class OverError(Exception):
    """Nobody waits for the work any more: it was discarded, is gone, or a newer one took its place."""


@dataclass(slots=True, kw_only=True)
class OneTimeWork(Work, Generic[Row]):
    """Work that has a row of its own, and ends with it."""

    row: Row

    def write(self, **values: object) -> None:
        """Write to the row. Raises OverError when it is not ours any more."""
        self.written_at = time.monotonic()
        with isolation.as_tenant(self.row.tenant_id):
            running = type(self.row)._default_manager.filter(pk=self.row.pk, state="running")
            if not running.update(progressed_at=timezone.now(), **values):
                log.info("work_superseded")
                raise OverError


@contextmanager
def ending(fail: Callable[[str, str], None], *, bug: str, unreadable: str = "") -> Iterator[None]:
    """Have ``fail`` write a sentence and a code when AWS, an unreadable secret or a bug stops the block.

    ``bug`` and ``unreadable`` are the sentences for those; an AwsError, and by default a secret, brings its own. A bug
    is raised as well.
    """
    failure: tuple[str, str] | None = (bug, "Bug")
    try:
        with suppress(OverError):
            yield
        failure = None
    except AwsError as error:
        failure = error.sentence, error.code
    except SecretUnreadableError as error:
        failure = unreadable or str(error), "SecretUnreadable"
    finally:
        if failure:
            with suppress(OverError):
                fail(*failure)
