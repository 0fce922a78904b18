"""Accounts to mirror: what is chosen; and choosing anew, as in the console: read, chosen, looked at, then saved.

The choice is made on a trial, which nothing else knows of until it is saved. What saving would remove is in it, and
only who has seen exactly that, by its ``fingerprint``, can save it.
"""

from typing import Final, Literal

from django.utils import timezone
from pydantic import BaseModel, Field

from integrations.api.finding import find_integration, hold_integration
from integrations.api.shapes import ChangeShape
from integrations.api.trials.finding import find_trial, outcome_of, ready_outcome, trial_understood
from integrations.api.trials.shapes import TrialShape, changes_of, trial_fields
from integrations.delegation import CONFIGURERS, why_held
from integrations.models import Integration, SettingsTrial
from integrations.planning.selection_search import find
from integrations.planning.selection_tree import Choice, Outline, in_words
from integrations.trials import account_selection, settings_trial
from workspaces.access import Power
from workspaces.api.bodies import Body
from workspaces.api.paging import PAGING, Page, Paging, part_of
from workspaces.api.problems import invalid
from workspaces.api.routes import ORG, TENANT, Call, Routes

routes = Routes("Accounts to mirror")
_BOTH: Final = (TENANT, ORG)
_ABOUT: Final = SettingsTrial.About.SELECTION
_MOST_CHANGES: Final = 10_000
_AT: Final = "/integration/{integration}/selection"
_WHY_NOT: Final = account_selection.WHY_NOT_SAVED


class SelectionShape(BaseModel):
    """Which part of an AWS organization is mirrored: the ids of OUs and accounts that are, and that are not.

    The nearest mark decides: that of an account or OU itself, else that of the nearest OU above it, else that of
    ``root``. Of its ``accounts`` so many are ``mirrored``, as far as the last read knows. ``words`` say it in words.
    """

    include: list[str]
    exclude: list[str]
    words: str
    accounts: int | None = None
    mirrored: int | None = None
    version_id: int


class SelectionTrialShape(TrialShape):
    """A choice that is not saved yet, and what saving it would change; ``gone`` are ids that AWS has no more."""

    include: list[str]
    exclude: list[str]
    words: str | None = None
    accounts: int | None = None
    mirrored: int | None = None
    gone: list[str] | None = None


class SelectionChange(Body):
    include: list[str] | None = Field(default=None, max_length=20_000, description="All that is ticked; absent: as now")
    exclude: list[str] | None = Field(default=None, max_length=20_000, description="All that is not; absent: as now")


class SelectionSave(Body):
    fingerprint: str = Field(description="That of the trial whose changes and workspaces were looked at")


class ChoiceShape(BaseModel):
    """The root, an OU or an account; of its ``accounts`` so many are ``mirrored``, at any depth."""

    id: str
    name: str
    type: Literal["root", "organizational-unit", "account"]
    tick: Literal["true", "false", "mixed"]
    accounts: int
    mirrored: int
    state: str | None = None


class TreePart(Paging):
    inside: str = Field(default="", max_length=100, description="The id of an OU: what is directly in it")
    q: str = Field(default="", max_length=200, description="A part of a name or id: what has it, at any depth")


@routes.get(_AT, gives=SelectionShape, at=_BOTH, needs=Power.OWNER, delegates=CONFIGURERS)
def get_selection(call: Call, integration: str) -> SelectionShape:
    """Get which accounts an integration mirrors."""
    return _selection(find_integration(call, integration))


@routes.post(f"{_AT}/trial", gives=SelectionTrialShape, at=_BOTH, delegates=CONFIGURERS)
def start_selection(call: Call, integration: str) -> SelectionTrialShape:
    """Read the AWS organization in the background, to choose from it; a choice that was begun is gone on with."""
    found = hold_integration(call, integration)
    with trial_understood(call):
        account_selection.start(integration=found, version=str(found.version), by=call.user, now=timezone.now())
    return _shape(call, found)


@routes.get(f"{_AT}/trial", gives=SelectionTrialShape, at=_BOTH, needs=Power.OWNER, delegates=CONFIGURERS)
def get_selection_trial(call: Call, integration: str) -> SelectionTrialShape:
    """Get what is chosen so far, and what saving it would change."""
    return _shape(call, find_integration(call, integration))


@routes.patch(f"{_AT}/trial", gives=SelectionTrialShape, at=_BOTH, delegates=CONFIGURERS)
def change_selection_trial(call: Call, integration: str, body: SelectionChange) -> SelectionTrialShape:
    """Choose otherwise, for all who look at this trial; nothing is mirrored otherwise before it is saved."""
    found = find_integration(call, integration)
    trial = _find(found)
    ready_outcome(trial, found)
    include = trial.selection["include"] if body.include is None else body.include
    exclude = trial.selection["exclude"] if body.exclude is None else body.exclude
    if both := set(include) & set(exclude):
        raise invalid("exclude", f"{min(both)[:50]} is in include too. It can be in one of the two.")
    try:
        with trial_understood(call, _WHY_NOT):
            account_selection.choose_exactly(integration=found, include=include, exclude=exclude, now=timezone.now())
    except account_selection.UnknownIdError as error:
        raise invalid("include", str(error)) from None
    return _shape(call, found)


@routes.delete(f"{_AT}/trial", gives=SelectionTrialShape, at=_BOTH, delegates=CONFIGURERS)
def discard_selection_trial(call: Call, integration: str) -> SelectionTrialShape:
    """Discard what was chosen; the accounts that are mirrored stay as they are."""
    found = find_integration(call, integration)
    shape = _shape(call, found)
    settings_trial.discard(integration=found, about=_ABOUT, by=call.user)
    return shape


@routes.post(f"{_AT}/trial/read", gives=SelectionTrialShape, at=_BOTH, delegates=CONFIGURERS)
def read_selection_again(call: Call, integration: str) -> SelectionTrialShape:
    """Read the AWS organization anew, and keep what was chosen so far."""
    found = find_integration(call, integration)
    _find(found)
    with trial_understood(call):
        account_selection.read_again(integration=found, by=call.user, now=timezone.now())
    return _shape(call, found)


@routes.post(f"{_AT}/trial/save", gives=SelectionShape, at=_BOTH, status=200, delegates=CONFIGURERS)
def save_selection(call: Call, integration: str, body: SelectionSave) -> SelectionShape:
    """Save what was chosen and apply it at once.

    What it leaves out is removed because somebody chose so, whatever the deletion limit; delegates who may not approve
    removals are held to it.
    """
    found = hold_integration(call, integration)
    with trial_understood(call, _WHY_NOT):
        account_selection.save(
            integration=found,
            version=str(found.version),
            seen=body.fingerprint,
            by=call.user,
            now=timezone.now(),
            why_held=why_held(call.access, found),
        )
    return _selection(find_integration(call, found.public_id))


@routes.get(f"{_AT}/trial/change", gives=Page[ChangeShape], at=_BOTH, needs=Power.OWNER, delegates=CONFIGURERS)
def list_selection_changes(call: Call, integration: str) -> Page[ChangeShape]:
    """List what saving would change in the tree; all at once, up to ten thousand."""
    found = find_integration(call, integration)
    return Page(items=changes_of(ready_outcome(_find(found), found))[:_MOST_CHANGES])


@routes.get(f"{_AT}/trial/node", gives=Page[ChoiceShape], at=_BOTH, needs=Power.OWNER, delegates=CONFIGURERS)
def list_choices(call: Call, integration: str, paging: TreePart = PAGING) -> Page[ChoiceShape]:
    """List the OUs and accounts to choose from: those in an OU, or what is looked for; else those in the root."""
    found = find_integration(call, integration)
    _find(found)
    with trial_understood(call, _WHY_NOT):
        outline = account_selection.outline(found, now=timezone.now())
    root = outline.snapshot.root.source_id
    if paging.inside and not outline.has_folder(paging.inside):
        raise invalid("inside", f"There is no OU with the id “{paging.inside}”.")
    rows = [one.choice for one in find(outline, paging.q)] if paging.q else outline.inside(paging.inside or root)
    part, token = part_of(call, rows, paging)
    return Page(items=[_choice(one, root) for one in part], next_token=token)


def _find(integration: Integration) -> SettingsTrial:
    return find_trial(integration, _ABOUT, account_selection.GONE)


def _selection(integration: Integration) -> SelectionShape:
    known = integration.known_selection
    return SelectionShape(
        **integration.chosen.stored,
        words=in_words(integration.chosen, known),
        accounts=known.accounts if known else None,
        mirrored=known.mirrored if known else None,
        version_id=integration.version,
    )


def _shape(call: Call, integration: Integration) -> SelectionTrialShape:
    trial = _find(integration)
    outcome = outcome_of(trial, integration)
    fields = trial_fields(trial, outcome, call.access) | trial.chosen.stored
    if outcome is not None:
        outline = Outline(outcome.snapshot, outcome.selection)
        facts = outline.facts
        fields |= {"accounts": facts.accounts, "mirrored": facts.mirrored, "gone": outline.unknown}
        fields["words"] = outline.words
    return SelectionTrialShape(**fields)


def _choice(choice: Choice, root: str) -> ChoiceShape:
    kind = "root" if choice.source_id == root else "organizational-unit" if choice.is_folder else "account"
    return ChoiceShape.model_validate(
        {
            "id": choice.source_id,
            "name": choice.name,
            "type": kind,
            "tick": choice.tick,
            "accounts": choice.accounts,
            "mirrored": choice.mirrored,
            "state": choice.state or None,
        }
    )
