"""Asking for a test of access; a worker runs it."""

from datetime import datetime
from functools import partial
from typing import Final

from django.db import models, transaction

from integrations.access import findings
from integrations.access_tests import results
from integrations.jobs.sending import Task, send_on_commit
from integrations.models import AccessTest
from integrations.models.access_test_values import Instead, Report
from integrations.models.settings import AccessSettings
from workspaces import audit
from workspaces.models import User

_SUPERSEDED: Final = "A newer test took the place of this one."


@transaction.atomic
def request_test(
    settings: AccessSettings,
    kind: AccessTest.Kind,
    *,
    by: User,
    now: datetime,
    instead: Instead | None = None,
    target: models.Model | None = None,
) -> AccessTest:
    """Start a test of these settings as they are stored; one that is still open makes room.

    ``instead`` are those that are not stored (yet); the settings given here have them already. ``target`` is what they
    are for.

    The caller holds a lock on the settings' row, so that two requests do not meet here.
    """
    same = AccessTest.objects.filter(tenant=settings.tenant, subject=settings.uid, kind=kind)
    same.filter(state__in=results.OPEN).update(
        state=AccessTest.State.FAILED, finished_at=now, report=Report(sentence=_SUPERSEDED, code="Superseded").to_json()
    )
    same.exclude(snapshot=b"").update(snapshot=b"")  # there is one tree to choose from, the newest
    test = AccessTest.objects.create(
        tenant=settings.tenant,
        subject=settings.uid,
        kind=kind,
        fingerprint=findings.fingerprint(settings, kind),
        instead=(instead or Instead()).to_json(),
        progressed_at=now,
    )
    audit.record("access_test.requested", scope=settings.scope, by=by, target=target or settings, kind=kind.value)
    ids = test.tenant_id, test.pk
    send_on_commit(Task.ACCESS_TEST, *ids, otherwise=partial(results.fail_unsent, *ids))
    return test
