"""A sync under way: its run, what it has read so far, and the row that says so."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from django.utils import timezone

from integrations.jobs.outcome import Outcome
from integrations.jobs.work import Work
from integrations.models import SyncRun
from integrations.planning.snapshot import Progress
from integrations.sync import schedule as sync_schedule

Watch = Callable[[SyncRun], None]


@dataclass(slots=True, kw_only=True)
class SyncWork(Work):
    run: SyncRun
    watch: Watch
    read: Progress = field(default_factory=Progress)
    calls_before: int = 0  # of looks before
    impact: Sequence[Sequence[object]] = ()

    def report(self, phase: SyncRun.Phase, read: Progress | None = None) -> None:
        """Keep the run's row current; a phase is written at once, counters not more often than once a second."""
        run, self.read = self.run, read or self.read
        if run.phase == phase and self.has_just_written:
            return
        self.written_at, run.phase = time.monotonic(), phase
        run.folders_read, run.accounts_read, run.aws_calls = self.read.folders, self.read.accounts, self.calls
        sync_schedule.report(run)
        self.watch(run)

    def step(self, text: str) -> None:
        """Nothing: a run has phases, which hold several steps each."""

    def progress(self, read: Progress) -> None:
        self.report(SyncRun.Phase.READING, read)

    def end(self, outcome: Outcome) -> None:
        """Write the run's end, and how much it has read, in the caller's transaction."""
        read, calls = self.read, self.calls
        outcome = replace(outcome, folders_read=read.folders, accounts_read=read.accounts, aws_calls=calls)
        outcome = replace(outcome, aws_calls_before=self.calls_before)
        sync_schedule.finish(self.run, outcome, now=timezone.now())
