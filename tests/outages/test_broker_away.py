"""What people are told who ask for background work while the broker is away; and that nothing of it is lost."""

from collections.abc import Callable

import kombu.utils.functional
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from integrations.jobs.sending import NOT_TAKEN, TAKEN_LATER
from integrations.models import AccessTest, Integration, SettingsTrial, SyncRun, SyncSchedule
from integrations.sync import dispatcher
from integrations.tasks import sync_integration
from tests import factories
from tests.conftest import Cast
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.outages.line import Line
from workspaces import isolation

LIST = "/tenants/acme/orgs/tnt/integrations/"
ROLE = "arn:aws:iam::123456789012:role/pipes-discovery"


@pytest.fixture(params=[Line.cut, Line.hold], ids=["away", "hanging"])
def _broker_away(request: pytest.FixtureRequest, redis_line: Line, broker_line: None) -> None:
    request.param(redis_line)


@pytest.fixture
def _nobody_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def _refuse(seconds: float) -> None:
        pytest.fail(f"A person waits {seconds} seconds for another try.")

    monkeypatch.setattr(kombu.utils.functional, "sleep", _refuse)


pytestmark = pytest.mark.usefixtures("_broker_away", "_nobody_tries_again")


@pytest.fixture
def press(
    as_org_owner: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Callable[..., str]:
    """Press a button and give the page that it leads to."""

    def _press(url: str, **data: str) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            answer = as_org_owner.post(url, data)
        if answer.status_code == 302:
            answer = as_org_owner.get(answer["Location"])
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    return _press


@pytest.fixture
def awsi(cast: Cast) -> Integration:
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "awsi", by=cast.org_owner, role_arn=ROLE)
        factories.finished_run(made)
        return made


def test_a_sync_that_is_asked_for_waits_and_says_why(
    cast: Cast, awsi: Integration, press: Callable[..., str], as_org_owner: Client
) -> None:
    press(LIST + "awsi/sync/")
    assert TAKEN_LATER in " ".join(as_org_owner.get(LIST + "awsi/").content.decode().split())
    assert (awsi.tenant_id, awsi.pk) in dispatcher.take_due(now=timezone.now())  # sent once the broker is back
    with isolation.as_tenant(cast.acme.pk):
        assert SyncRun.objects.filter(integration=awsi).latest("pk").state == "queued"


def test_what_it_waited_for_is_forgotten_when_it_starts(
    cast: Cast, awsi: Integration, press: Callable[..., str]
) -> None:
    press(LIST + "awsi/sync/")
    sync_integration(awsi.tenant_id, awsi.pk)
    with isolation.as_tenant(cast.acme.pk):
        run = SyncRun.objects.filter(integration=awsi).latest("pk")
        assert (run.is_over, TAKEN_LATER in run.error) == (True, False)


def test_a_test_says_at_once_that_it_was_not_begun(cast: Cast, press: Callable[..., str], settings: Settings) -> None:
    settings.PIPES_AWS_PRINCIPALS = {"aws": VENDOR_ROLE_ARN}
    with isolation.as_tenant(cast.acme.pk):
        draft = factories.draft(cast.at_org, "fresh", by=cast.org_owner, role_arn=ROLE)
        step = cast.at_org.url("integration_draft", draft=draft.uid, step="discovery")
    press(step.replace("/discovery/", "/handle/"), do="next", handle="fresh")
    assert NOT_TAKEN in press(step, do="test", access_mode="role", role_arn=ROLE)
    with isolation.as_tenant(cast.acme.pk):
        assert AccessTest.objects.get(subject=draft.uid).is_over


def test_a_preview_says_at_once_that_it_was_not_begun(cast: Cast, awsi: Integration, press: Callable[..., str]) -> None:
    assert NOT_TAKEN in press(LIST + "awsi/preview/", do="start", version=str(awsi.version))
    with isolation.as_tenant(cast.acme.pk):
        assert SettingsTrial.objects.get(integration=awsi).state == "failed"


def test_an_integration_is_deleted_without_a_worker(cast: Cast, awsi: Integration, press: Callable[..., str]) -> None:
    press(LIST + "awsi/delete/", handle="awsi")
    with isolation.as_tenant(cast.acme.pk):
        assert not Integration.objects.filter(pk=awsi.pk).exists()
    assert not SyncSchedule.objects.filter(pk=awsi.pk).exists()
