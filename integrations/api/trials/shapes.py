"""What a trial looks like in answers: how far it is, and what it would change in the tree and in workspaces."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel

from integrations.api.shapes import ChangeShape, change_shape
from integrations.delegation import split_impacts
from integrations.models import SettingsTrial
from integrations.planning import words
from integrations.planning.workspace_impact import WorkspaceImpact
from integrations.trials.settings_trial import TrialOutcome
from workspaces.access import Access
from workspaces.models.versioned import derived_id

_MOST_NAMES: Final = 100  # of each kind and workspace
_STATES: Final = {"queued": "pending", "running": "running", "ready": "ready", "failed": "failed"}


class PairShape(BaseModel):
    before: str
    after: str


class AggregatorImpactShape(BaseModel):
    handle: str
    lost: list[str]
    gained: list[str]


class ImpactShape(BaseModel):
    """What it means to one workspace: ``count`` of its schemas, search path and aggregators; of names the first 100.

    ``all_aws`` says whether that one appears or disappears.
    """

    workspace: str
    count: int
    is_loss: bool
    removed: list[str]
    folders_removed: list[str]
    added: list[str]
    renamed: list[PairShape]
    disabled: list[str]
    enabled: list[str]
    search_path_lost: list[str]
    search_path_gained: list[str]
    search_path_changed: list[str]
    conflicts: list[str]
    conflicts_over: list[str]
    aggregators: list[AggregatorImpactShape]
    all_aws: Literal["appears", "disappears"] | None = None


class TrialShape(BaseModel):
    """A read of the AWS organization; once it is ``ready`` it says how many changes of which kind it would make.

    ``state_reason`` is why it failed, ``removed`` how many folders and connections would go and ``why_removed`` for
    which reasons. ``fingerprint`` is of exactly these changes. ``hidden_workspaces`` counts those that it means
    something to and that a delegate may not enter.
    """

    id: str
    state: Literal["pending", "running", "ready", "failed"]
    state_reason: str | None = None
    phase: str | None = None
    units_read: int
    accounts_read: int
    aws_calls: int
    created_at: datetime
    created_by_id: str
    expires_at: datetime
    counts: dict[str, int] | None = None
    removed: int | None = None
    why_removed: str | None = None
    workspaces: list[ImpactShape] | None = None
    hidden_workspaces: int | None = None
    fingerprint: str | None = None


def trial_id(trial: SettingsTrial) -> str:
    return derived_id("rd", str(trial.uid))


def trial_fields(trial: SettingsTrial, outcome: TrialOutcome | None, access: Access) -> dict[str, Any]:
    """Give the fields of a trial; the outcome is that of one that is ready."""
    return {
        "id": trial_id(trial),
        "state": _STATES[trial.state],
        "state_reason": trial.error or None,
        "phase": trial.phase or None,
        "units_read": trial.units_read,
        "accounts_read": trial.accounts_read,
        "aws_calls": trial.aws_calls,
        "created_at": trial.created_at,
        "created_by_id": trial.created_by.public_id,
        "expires_at": trial.expires_at,
    } | (_outcome_fields(outcome, access) if outcome else {})


def _outcome_fields(outcome: TrialOutcome, access: Access) -> dict[str, Any]:
    seen, hidden = split_impacts(access, outcome.impacts)
    removals = [change for change in outcome.changes if change.kind == "remove"]
    return {
        "counts": dict(Counter(change.kind for change in outcome.changes)),
        "removed": len(removals),
        "why_removed": words.reasons([change.after for change in removals]) or None,
        "workspaces": [_impact(one) for one in seen],
        "hidden_workspaces": len(hidden) or None,
        "fingerprint": outcome.fingerprint,
    }


def changes_of(outcome: TrialOutcome) -> list[ChangeShape]:
    return [change_shape(change) for change in outcome.changes]


def _impact(impact: WorkspaceImpact) -> ImpactShape:
    def first(names: Sequence[str]) -> list[str]:
        return list(names[:_MOST_NAMES])

    return ImpactShape(
        workspace=impact.name,
        count=impact.count,
        is_loss=impact.is_loss,
        removed=first(impact.removed),
        folders_removed=first(impact.folders_removed),
        added=first(impact.added),
        renamed=[PairShape(before=before, after=after) for before, after in impact.renamed[:_MOST_NAMES]],
        disabled=first(impact.disabled),
        enabled=first(impact.enabled),
        search_path_lost=first(impact.path_lost),
        search_path_gained=first(impact.path_gained),
        search_path_changed=first(impact.path_changed),
        conflicts=first(impact.conflicts),
        conflicts_over=first(impact.conflicts_over),
        aggregators=[
            AggregatorImpactShape(handle=one.handle, lost=first(one.lost), gained=first(one.gained))
            for one in impact.aggregators[:_MOST_NAMES]
        ],
        all_aws=None if impact.all_aws is None else "appears" if impact.all_aws else "disappears",
    )
