"""The wizard: its steps, where a draft stands in them, and what saving one means."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from connections.errors import HandleTakenError
from integrations.access_tests import results
from integrations.aws.external_id import new_external_id
from integrations.models import AccessTest, Draft, Integration
from integrations.models.draft import LIFETIME
from integrations.planning.selection import Selection
from integrations.planning.selection_tree import Outline, Verb
from integrations.wizard import finish as wizard_finish
from integrations.wizard import setup_files
from integrations.wizard.steps import ConnectionForm, DiscoveryForm, HandleForm, PermissionsForm, StepForm, TypeForm
from integrations.wizard.steps.connection import unknown_regions
from workspaces import audit
from workspaces.access import Access, Scope
from workspaces.models import User


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``slug`` names its URL and template, ``title`` stands in the rail, ``heading`` on its page."""

    slug: str
    title: str
    heading: str
    form: type[StepForm]
    tests: AccessTest.Kind | None = None

    @property
    def index(self) -> int:
        """Its place among the steps, from 0."""
        return STEPS.index(self)

    @property
    def previous(self) -> "Step | None":
        """The step before it, if any."""
        return STEPS[self.index - 1] if self.index else None

    @property
    def next(self) -> "Step | None":
        """The step after it; None after the last one."""
        return STEPS[self.index + 1] if self.index + 1 < len(STEPS) else None


TYPE = Step("type", "Choose integration type", "Choose integration type", TypeForm)
HANDLE = Step("handle", "Choose handle", "Choose handle", HandleForm)
DISCOVERY = Step(
    "discovery", "Discovery settings", "Discovery Settings", DiscoveryForm, tests=AccessTest.Kind.DISCOVERY
)
CONNECTION = Step(
    "connection", "Connection settings", "Connection Settings", ConnectionForm, tests=AccessTest.Kind.CONNECTION
)
PERMISSIONS = Step("permissions", "Set permissions", "Permissions", PermissionsForm)
STEPS: Final = (TYPE, HANDLE, DISCOVERY, CONNECTION, PERMISSIONS)


@transaction.atomic
def create_draft(*, scope: Scope, by: User) -> Draft:
    """Start the wizard, first step done; it gets its external ids at once, so that downloads can carry them."""
    draft = Draft(tenant=scope.tenant, organization=scope.organization, created_by=by, steps_done=1)
    draft.discovery_external_id, draft.connection_external_id = _external_id(scope), _external_id(scope)
    draft.save()
    audit.record("draft.created", scope=scope, by=by, target=draft)
    return draft


@transaction.atomic
def rotate_external_id(*, draft: Draft, kind: AccessTest.Kind, by: User) -> None:
    """Give a draft a new external id, for discovery or for the connections' role.

    Nothing uses the old one yet, so it is forgotten at once; a trust policy that was made with it has to be changed.
    """
    field = {"discovery": "discovery_external_id", "connection": "connection_external_id"}[kind.value]
    setattr(draft, field, _external_id(draft.scope))
    draft.save(update_fields=[field])
    audit.record("draft.external_id_rotated", scope=draft.scope, by=by, target=draft, used_for=kind.value)


def _external_id(scope: Scope) -> str:
    return new_external_id((scope.organization or scope.tenant).public_id)


@transaction.atomic
def discard_draft(*, draft: Draft, by: User) -> None:
    """Cancel the wizard."""
    audit.record("draft.discarded", scope=draft.scope, by=by, target=draft)
    draft.delete()


def drafts_of(access: Access, *, now: datetime) -> QuerySet[Draft]:
    """List the drafts that somebody can take up here, the one that was touched last first."""
    return Draft.objects.in_scope(access.scope, now=now).select_related("created_by").order_by("-expires_at")


def draft_url(draft: Draft, step: Step | None = None) -> str:
    """Give the URL of a step, or of the one to take up again."""
    at = step or first_undone(draft)
    return draft.scope.url("integration_draft", draft=draft.uid, step=at.slug)


def find(scope: Scope, uid: UUID, *, now: datetime, is_locked: bool) -> Draft | Integration | None:
    """Find a draft of this scope, or the integration that it became.

    Locked, whoever else has it locked comes first, and it is found as they leave it.
    """
    drafts = Draft.objects.in_scope(scope, now=now).filter(uid=uid)
    if is_locked:
        drafts = drafts.select_for_update()
    draft = drafts.first()
    if draft is not None:
        draft.tenant, draft.organization = scope.tenant, scope.organization
        return draft
    return Integration.objects.filter(uid=uid, tenant=scope.tenant, organization=scope.organization).first()


def first_undone(draft: Draft) -> Step:
    """Find the step to take up again: no later one can be entered."""
    if draft.steps_done > DISCOVERY.index and results.why_role_is_refused(draft):
        return DISCOVERY
    if draft.steps_done > CONNECTION.index:
        partition = setup_files.partition_of(draft) or "aws"
        if unknown_regions(draft.options["regions"], partition):  # another partition was chosen since
            return CONNECTION
    return STEPS[min(draft.steps_done, PERMISSIONS.index)]


def save_step(draft: Draft, step: Step, *, is_complete: bool, now: datetime) -> None:
    """Save what a step's form has put onto the draft, which lives for another week.

    A step that was done and is not complete any more has to be done again, and so have those after it.
    """
    if is_complete:
        draft.steps_done = max(draft.steps_done, step.index + 1)
    else:
        draft.steps_done = min(draft.steps_done, step.index)
    draft.expires_at = now + LIFETIME
    draft.save()


def outline(draft: Draft) -> Outline | None:
    """Give the tree to choose from, and what is chosen so far; None before Test Discovery has read one."""
    snapshot = results.newest_snapshot(draft)
    return Outline(snapshot, Selection.of(draft.selection)) if snapshot else None


def choose(draft: Draft, verb: Verb, source_id: str) -> None:
    """Put onto the draft what is chosen when something is ticked or unticked; nothing is saved here."""
    before = outline(draft)
    if before is not None:
        draft.selection = before.after(verb, source_id).selection.stored


def finish(draft: Draft, audiences: Iterable[Scope], *, by: User, now: datetime) -> Integration | None:
    """Turn the draft into an integration; None when a step has to be done again first.

    A handle that was taken meanwhile is such a step.
    """
    if first_undone(draft) != PERMISSIONS:
        return None
    try:
        return wizard_finish.create_integration(draft=draft, audiences=audiences, by=by, now=now)
    except HandleTakenError:
        save_step(draft, HANDLE, is_complete=False, now=now)
        return None
