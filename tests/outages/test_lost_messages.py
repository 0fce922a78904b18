"""A broker that was emptied: what waits in the database is sent for again, and nobody has to ask twice."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from integrations.models import AccessTest, Integration, SettingsTrial
from integrations.settings import deletion
from integrations.trials import preview
from launcher.child import wait_for
from tests import factories
from tests.conftest import Cast, make_cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import make_mirror
from tests.outages.line import Line
from tests.outages.own_redis import OwnRedis
from tests.outages.workers import SECONDS, Worker, running_worker
from workspaces import isolation


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def worker(aws: RunningAws, line: Line, own_redis: OwnRedis, cast: Cast, tmp_path: Path) -> Iterator[Worker]:
    with running_worker(aws, line, own_redis, tmp_path / "signs", "short", "people") as worker:
        yield worker
        worker.kill()
        line.cut()


def test_tests_previews_and_deletions_whose_messages_are_lost_are_sent_for_again(
    aws: RunningAws, worker: Worker, cast: Cast
) -> None:
    """What this process asks for goes to another broker than the worker's, so to it those messages are lost."""
    previewed, deleted = (make_mirror(aws, cast.at_org, cast, handle).integration for handle in ("kept", "gone"))
    with isolation.as_tenant(cast.acme.pk):
        draft = factories.draft(cast.at_org, "tested", by=cast.org_owner)
        test = AccessTest.objects.create(tenant=cast.acme, subject=draft.uid, kind="discovery", fingerprint="x")
        trial = preview.start(integration=previewed, by=cast.org_owner, now=timezone.now())
        deletion.request_removal(integration=deleted, by=cast.org_owner, now=timezone.now())
        for model in (AccessTest, SettingsTrial):
            model.objects.update(created_at=timezone.now() - timedelta(seconds=20))

    def are_taken_up() -> bool:
        worker.send("enqueue_due")  # as the beat does
        with isolation.as_tenant(cast.acme.pk):
            is_tested = AccessTest.objects.get(pk=test.pk).is_over
            is_tried = SettingsTrial.objects.get(pk=trial.pk).is_over
            return is_tested and is_tried and not Integration.objects.filter(pk=deleted.pk).exists()

    assert wait_for(are_taken_up, seconds=SECONDS)
