"""The newest changes in the trees at and below a place: what came, went, was renamed or moved, run by run."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, JSONField, OuterRef

from connections.search.sources import nodes_of
from integrations.models import Integration, SyncRun
from integrations.models.sync_run import HEAVY
from workspaces.access import Scope

RUNS = 5
_FIRST, _LAST = 12, 6  # lines of a run that are read: what came stands first, what went last


@dataclass(frozen=True, slots=True)
class ChangedRun:
    """A run that changed something: the first and the last lines of what it changed, as they are stored."""

    run: SyncRun
    lines: Sequence[Sequence[str]]


def newest_changes(scope: Scope) -> list[ChangedRun]:
    """Find the newest runs that changed something, in two statements; of long ones, a few lines are read."""
    changed = SyncRun.objects.filter(
        # Written as in the index run_that_changed, and so that it gives the order.
        integration__gte=OuterRef("pk"),
        integration__lte=OuterRef("pk"),
        state=SyncRun.State.SUCCEEDED,
    ).exclude(counts={})
    newest = changed.order_by("-integration_id", "-finished_at").values("pk")[:RUNS]
    each = Integration.objects.at_and_below(scope).values_list(ArraySubquery(newest), flat=True)
    pks = heapq.nlargest(RUNS, chain.from_iterable(each))
    runs = SyncRun.objects.filter(pk__in=pks).defer(*HEAVY).order_by("-finished_at")
    found = runs.select_related("integration__organization").annotate(
        first_lines=_part(f"0 to {_FIRST - 1}"), last_lines=_part(f"last - {_LAST - 1} to last")
    )
    return [_changed(run) for run in found]


def _changed(run: Any) -> ChangedRun:
    return ChangedRun(run, _joined(run.first_lines, run.last_lines, sum(run.counts.values())))


def places_of(runs: Sequence[ChangedRun]) -> Mapping[tuple[int, str], tuple[str, int]]:
    """Find what is there of what runs are about, in one statement: (mirror, provider's id) → (kind, key)."""
    roots = {each.run.integration.root_folder_id for each in runs}
    source_ids = {line[2] for each in runs for line in each.lines}
    return nodes_of(roots, source_ids)


def _part(which: str) -> Func:
    """Cut a part out of a run's changes, of which there may be thousands."""
    template = f"jsonb_path_query_array(%(expressions)s, '$[{which}]')"
    return Func("changes", template=template, output_field=JSONField())


def _joined(first: list[list[str]], last: list[list[str]], total: int) -> list[list[str]]:
    """Put both together, without the lines that are in both."""
    beyond = max(min(total - len(first), len(last)), 0)
    return first + last[len(last) - beyond :]
