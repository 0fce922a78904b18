"""Tests of access as pages follow them; ``integrations.access.findings`` says what they have found of settings.

What talks to AWS is ``run``, which only tasks import.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from django.utils import timezone

from integrations.jobs import slots
from integrations.jobs.sending import NOT_TAKEN
from integrations.models import AccessTest
from integrations.models.access_test_values import Report
from integrations.models.settings import AccessSettings
from workspaces import isolation

OPEN: Final = (AccessTest.State.QUEUED, AccessTest.State.RUNNING)
_LOST: Final = slots.why_lost("this test", again="Test")


def newest(settings: AccessSettings, kind: AccessTest.Kind, *, now: datetime) -> AccessTest | None:
    """Give the last test that was asked for; one whose worker died reads as failed."""
    tests = AccessTest.objects.filter(tenant=settings.tenant, subject=settings.uid, kind=kind)
    test = tests.defer("snapshot").order_by("-pk").first()
    is_silent = test is not None and not test.is_over and test.progressed_at < now - slots.PATIENCE
    if test is not None and is_silent and not slots.may_still_come(test, now=now):
        test.state = AccessTest.State.FAILED
        test.report = replace(test.found, sentence=_LOST, code="Lost").to_json()
    return test


def fail_unsent(tenant_id: int, test_id: int) -> None:
    """End a test that no worker could be sent for; it is asked for again."""
    with isolation.as_tenant(tenant_id):
        AccessTest.objects.filter(pk=test_id, state=AccessTest.State.QUEUED).update(
            state=AccessTest.State.FAILED,
            finished_at=timezone.now(),
            report=Report(sentence=NOT_TAKEN, code="NotSent").to_json(),
        )
