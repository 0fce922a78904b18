"""Tests of access as requests see them: followed and judged; ``request`` asks for them.

What talks to AWS is ``run``, which only tasks import.
"""

import hashlib
import json
from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KT
from django.utils import timezone

from integrations.jobs import concurrency
from integrations.jobs.sending import NOT_TAKEN
from integrations.models import AccessMode, AccessTest
from integrations.models.settings import AccessSettings, IntegrationSettings
from integrations.planning.serialization import unpack
from integrations.planning.snapshot import Snapshot
from workspaces import isolation

OPEN: Final = (AccessTest.State.QUEUED, AccessTest.State.RUNNING)
ROLE_TOO_OPEN: Final = "RoleTooOpen"  # the code that integrations.aws.role_checks raises with
_LOST: Final = concurrency.why_lost("this test", again="Test")


def fingerprint(settings: AccessSettings, kind: AccessTest.Kind) -> str:
    """Tell settings apart: equal for two tests exactly when they test the same thing. It gives nothing away."""
    if settings.access_mode == AccessMode.KEY:
        tested = [settings.access_key_id, settings.sealed_secret_key]
    else:
        tested = [settings.role_arn, settings.discovery_external_id]
    if isinstance(settings, IntegrationSettings) and kind == AccessTest.Kind.CONNECTION:
        tested += [settings.role_name, settings.connection_external_id]
    return hashlib.sha256(json.dumps([settings.access_mode, kind, *tested]).encode()).hexdigest()


def newest(settings: AccessSettings, kind: AccessTest.Kind, *, now: datetime) -> AccessTest | None:
    """Give the last test that was asked for; one whose worker died reads as failed."""
    tests = AccessTest.objects.filter(tenant=settings.tenant, subject=settings.uid, kind=kind)
    test = tests.defer("snapshot").order_by("-pk").first()
    is_silent = test is not None and not test.is_over and test.progressed_at < now - concurrency.PATIENCE
    if test is not None and is_silent and not concurrency.may_still_come(test, now=now):
        test.state = AccessTest.State.FAILED
        test.report = {**test.report, "sentence": _LOST, "code": "Lost"}
    return test


def fail_unsent(tenant_id: int, test_id: int) -> None:
    """End a test that no worker could be sent for; it is asked for again."""
    with isolation.as_tenant(tenant_id):
        AccessTest.objects.filter(pk=test_id, state=AccessTest.State.QUEUED).update(
            state=AccessTest.State.FAILED,
            finished_at=timezone.now(),
            report={"sentence": NOT_TAKEN, "code": "NotSent"},
        )


def newest_snapshot(settings: AccessSettings) -> Snapshot | None:
    """Give what the last Test Discovery read, if it has passed."""
    tests = AccessTest.objects.filter(tenant=settings.tenant, subject=settings.uid, kind=AccessTest.Kind.DISCOVERY)
    packed = tests.order_by("-pk").values_list("snapshot", flat=True).first()
    return unpack(bytes(packed)) if packed else None


def newest_passed(settings: AccessSettings, kind: AccessTest.Kind) -> AccessTest | None:
    """Give the last test that passed with exactly these settings."""
    return _of_exactly(settings, kind).filter(state=AccessTest.State.PASSED).order_by("-pk").first()


def organization_found(settings: AccessSettings) -> models.QuerySet[AccessTest, str]:
    """Select the id of the AWS organization that the last good Test Discovery of these settings found."""
    passed = _of_exactly(settings, AccessTest.Kind.DISCOVERY).filter(state=AccessTest.State.PASSED).order_by("-pk")
    return passed.annotate(found=KT("report__who__organization_id")).values_list("found", flat=True)[:1]


def why_role_is_refused(settings: AccessSettings, kind: AccessTest.Kind = AccessTest.Kind.DISCOVERY) -> str:
    """Say why a role must not be stored, if a test of exactly these settings found it open to strangers.

    Only a later test that passed takes that back: one that failed otherwise proves nothing.
    """
    is_verdict = Q(state=AccessTest.State.PASSED) | Q(report__code=ROLE_TOO_OPEN)
    verdict = _of_exactly(settings, kind).filter(is_verdict).order_by("-pk").first()
    return verdict.report.get("sentence", "") if verdict and verdict.state == AccessTest.State.FAILED else ""


def _of_exactly(settings: AccessSettings, kind: AccessTest.Kind) -> models.QuerySet[AccessTest]:
    return AccessTest.objects.defer("snapshot").filter(
        tenant=settings.tenant, subject=settings.uid, kind=kind, fingerprint=fingerprint(settings, kind)
    )
