"""How fast and at which cost an integration follows its events."""

import statistics
from dataclasses import dataclass
from typing import Final

from integrations.models import Integration, SyncRun

_RUNS: Final = 50


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the latest targeted syncs that changed something: seconds from event to tree, and calls of AWS."""

    runs: int
    median: float
    slowest: float
    calls: float


def figures_of(integration: Integration) -> Figures | None:
    """Give the figures of an integration; None before the first event that changed something."""
    lately = SyncRun.objects.filter(integration=integration, kind=SyncRun.Kind.TARGETED, lag_seconds__isnull=False)
    rows = list(lately.order_by("-pk").values_list("lag_seconds", "aws_calls")[:_RUNS])
    if not rows:
        return None
    seconds, calls = zip(*rows, strict=True)
    return Figures(len(rows), statistics.median(seconds), max(seconds), statistics.median(calls))
