"""How a sync ended, from the worker that ran it to the rows and notifications that say so."""

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.models import SyncRun


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; ``error`` is a sentence where it failed, ``changes`` its diff where it did not.

    ``is_ours``: for something in this installation, which no customer can mend; ``is_about_access``: for the
    credentials, the role or what they may do. ``impact`` is what it means to workspaces. With ``removals``, the ids of
    what would go, it stopped to ask, and ``error`` says why. Of ``aws_calls``, so many were made by earlier looks of
    the same run.
    """

    error: str = ""
    is_transient: bool = False
    is_ours: bool = False
    is_about_access: bool = False
    changes: Sequence[Sequence[str]] = ()
    impact: Sequence[Sequence[object]] = ()
    removals: Sequence[str] = ()
    covered: Sequence[str] | None = None
    lag_seconds: float | None = None
    differing: int | None = None
    unreported: int | None = None
    folders_read: int = 0
    accounts_read: int = 0
    aws_calls: int = 0
    aws_calls_before: int = 0

    @property
    def state(self) -> SyncRun.State:
        if self.removals:
            return SyncRun.State.NEEDS_APPROVAL
        return SyncRun.State.FAILED if self.error else SyncRun.State.SUCCEEDED
