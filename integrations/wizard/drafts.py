"""Drafts: where each stands among the wizard's steps, and what people do to one.

What is done to one is one transaction and writes one audit event.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from connections.errors import HandleTakenError
from integrations import retention
from integrations.aws.external_id import new_external_id
from integrations.models import AccessTest, Draft, Integration
from integrations.wizard.finish import create_integration
from integrations.wizard.steps import HANDLE, STEPS, Step
from workspaces import audit
from workspaces.access import Access, Scope
from workspaces.database import at_most_one
from workspaces.models import User


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

    Nothing uses the old one yet, so it is replaced at once; a trust policy that was made with it has to be changed.
    """
    field = f"{kind.value}_external_id"
    setattr(draft, field, _external_id(draft.scope))
    draft.save(update_fields=[field])
    audit.record("draft.external_id_rotated", scope=draft.scope, by=by, target=draft, used_for=kind.value)


def _external_id(scope: Scope) -> str:
    return new_external_id((scope.organization or scope.tenant).public_id)


@transaction.atomic
def discard_draft(*, draft: Draft, by: User) -> None:
    audit.record("draft.discarded", scope=draft.scope, by=by, target=draft)
    draft.delete()


def drafts_of(access: Access, *, now: datetime) -> QuerySet[Draft]:
    """List the drafts that somebody can take up here, the one that was touched last first."""
    return Draft.objects.in_scope(access.scope, now=now).select_related("created_by").order_by("-expires_at")


def draft_url(draft: Draft, step: Step | None = None) -> str:
    """Give the URL of a step, or of the one to take up again."""
    return draft.scope.url("integration_draft", draft=draft.uid, step=(step or first_undone(draft)).slug)


def find(scope: Scope, uid: UUID, *, now: datetime, is_locked: bool) -> Draft | Integration | None:
    """Find a draft of this scope, or the integration that it became.

    With ``is_locked`` it waits for other transactions on the draft, and finds it as they leave it.
    """
    drafts = Draft.objects.in_scope(scope, now=now).filter(uid=uid)
    if is_locked:
        drafts = drafts.select_for_update()
    draft = at_most_one(drafts)
    if draft is not None:
        draft.tenant, draft.organization = scope.tenant, scope.organization
        return draft
    return at_most_one(Integration.objects.filter(uid=uid, tenant=scope.tenant, organization=scope.organization))


def first_undone(draft: Draft) -> Step:
    """Find the step to take up again: no later one can be entered."""
    again = (step for step in STEPS[: draft.steps_done] if step.has_to_be_done_again(draft))
    return next(again, STEPS[min(draft.steps_done, len(STEPS) - 1)])


def save_step(draft: Draft, step: Step, *, is_complete: bool, now: datetime) -> None:
    """Save what a step's form has put onto the draft, which lives for another week.

    A step that was done and is not complete any more has to be done again, and so have those after it.
    """
    done_before = STEPS.index(step)
    draft.steps_done = max(draft.steps_done, done_before + 1) if is_complete else min(draft.steps_done, done_before)
    draft.expires_at = now + retention.DRAFT
    draft.save()


def finish(draft: Draft, audiences: Iterable[Scope], *, by: User, now: datetime) -> Integration | None:
    """Turn the draft into an integration; None when a step has to be done again first.

    A handle that was taken meanwhile is such a step.
    """
    if first_undone(draft) is not STEPS[-1]:
        return None
    try:
        return create_integration(draft=draft, audiences=audiences, by=by, now=now)
    except HandleTakenError:
        save_step(draft, HANDLE, is_complete=False, now=now)
        return None
