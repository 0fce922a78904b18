"""A live product: web server, worker, stand-in AWS and Chromium, started once; people and data for each test."""

import os
import re
from collections.abc import Generator, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer
from pytest_django.plugin import DjangoDbBlocker

from integrations.models import AccessTest, Integration, SyncRun
from launcher.child import Child, wait_for
from launcher.commands import find_chromium
from launcher.places import STATE, Instance
from tests import factories
from tests.browser.console import Console
from tests.browser.processes import beat, celery_environment, start, worker
from tests.browser.served import KeptFiles
from tests.browser.visits import Browsers, Opened
from tests.conftest import Cast
from tests.fakes.aws import AwsOrganization, RunningAws, new_organization, running_aws
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.fakes.aws.running import Roles
from tests.signed_in import sign_in_anew
from workspaces import isolation
from workspaces.models import User

CHROMIUM = find_chromium()
FAILURES = STATE / "browser-failures"
_REPORTS = pytest.StashKey[dict[str, pytest.TestReport]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder; without a browser it is skipped, and says so."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                reason = "No Chromium was found. Install chromium, or set PIPES_CHROMIUM."
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know how their test ended."""
    report = yield
    item.stash.setdefault(_REPORTS, {})[report.when] = report
    return report


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all; each visitor gets a context of their own in it."""
    expect.set_options(timeout=15_000)
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        # Playwright's loop runs in this thread, where Django would then refuse to ask the database.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def stand_in() -> Iterator[RunningAws]:
    """The stand-in for AWS; each test brings an AWS organization of its own into it."""
    with running_aws(new_organization("nobody's")) as running:
        yield running


@pytest.fixture(scope="package")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """Where the programs beside the web server log to."""
    instance = Instance(tmp_path_factory.mktemp("processes"))
    instance.prepare()
    return instance


@pytest.fixture(scope="package")
def working(django_db_setup: None, stand_in: RunningAws, processes: Instance) -> Iterator[Child]:
    """A worker on the test database, which calls the stand-in at full speed."""
    environment = celery_environment(stand_in)
    with start(worker(environment), processes) as child:
        yield child


@pytest.fixture
def dispatching(working: Child, stand_in: RunningAws, processes: Instance) -> Iterator[None]:
    """The dispatcher, for tests of what happens by itself."""
    with start(beat(celery_environment(stand_in), processes), processes):
        yield


@pytest.fixture(scope="package")
def pool(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let requests borrow connections to the database, as in production: one that is new knows none of the tables."""
    options = connection.settings_dict["OPTIONS"]
    with django_db_blocker.unblock():
        connection.close()
    options["pool"] = {"min_size": 1, "max_size": 12, "timeout": 30}
    yield
    with django_db_blocker.unblock():
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
    del options["pool"]


@pytest.fixture(scope="package")
def live_server(pool: None) -> Iterator[LiveServer]:
    """The web server of pytest-django, which lets browsers keep static files."""
    server = LiveServer("localhost", start=False)
    server.thread.static_handler = KeptFiles
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def web(live_server: LiveServer, working: Child, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The address of the console, which has answered once: it imports most of itself for that, while nobody waits."""
    assert working.is_ready(), working.log.read_text()
    with django_db_blocker.unblock(), urlopen(f"{live_server.url}/account/login/") as answer:
        assert answer.status == HTTPStatus.OK
    with override_settings(PIPES_AWS_PRINCIPALS={"aws": VENDOR_ROLE_ARN}):
        yield live_server.url


@pytest.fixture
def people(transactional_db: None, cast: Cast, stand_in: RunningAws) -> Iterator[Cast]:
    """The cast, committed; before it goes, what still runs for it has ended."""
    yield cast
    stand_in.faults.clear()
    assert wait_for(lambda: not _is_busy(cast), seconds=90), "The worker does not end what it does."


def _is_busy(cast: Cast) -> bool:
    for tenant in (cast.acme, cast.globex):
        with isolation.as_tenant(tenant.pk):
            if SyncRun.objects.filter(state=SyncRun.State.RUNNING).exists():
                return True
            if AccessTest.objects.filter(state=AccessTest.State.RUNNING).exists():
                return True
    return False


@pytest.fixture
def aws(stand_in: RunningAws, request: pytest.FixtureRequest) -> Iterator[RunningAws]:
    """An AWS organization of six OUs on three levels and eight accounts, one of them suspended."""
    organization = _sample(request.node.nodeid)
    stand_in.world.organizations.append(organization)
    world = stand_in.world
    yield RunningAws(
        stand_in.endpoint_url, stand_in.stand_in, organization, Roles(world, organization), stand_in.vendor_key
    )
    stand_in.faults.clear()
    world.organizations.remove(organization)


def _sample(seed: str) -> AwsOrganization:
    made = new_organization("acme", seed=seed, joined_at=1.0)
    workloads, sandbox = made.create_unit("Workloads"), made.create_unit("Sandbox")
    prod, dev = made.create_unit("Prod", parent=workloads.id), made.create_unit("Dev", parent=workloads.id)
    payments = made.create_unit("Payments", parent=prod.id)
    made.create_unit("日本", parent=sandbox.id)
    for number, (name, parent) in enumerate(
        (
            ("web-prod", prod.id),
            ("web-dev", dev.id),
            ("card-vault", payments.id),
            ("ledger", payments.id),
            ("sandbox-ana", sandbox.id),
            ("R&D <prototype>", sandbox.id),
        )
    ):
        made.create_account(name, parent=parent, joined_at=2.0 + number)
    made.create_account("old-intranet", parent=dev.id, state="SUSPENDED", joined_at=20.0)
    return made


class Visit(Protocol):
    """Opens a browser; ``options`` are those of Playwright's contexts."""

    def __call__(self, who: User | None = None, *, anew: bool = False, **options: Any) -> Console:
        """Sign in, without the form, and give the console with nothing open yet.

        A test that leaves a clock, a script or somebody who listens in the tab asks for one that is made ``anew``:
        others are used again.
        """


@pytest.fixture(scope="package")
def browsers(chromium: Browser, web: str) -> Browsers:
    """The browsers that tests have done with."""
    return Browsers(chromium, web)


@pytest.fixture
def visit(browsers: Browsers, web: str, people: Cast, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Open browsers: one for each call, with nothing stored. All that they complain about fails the test."""
    visits: list[Opened] = []

    def open_browser(who: User | None = None, *, anew: bool = False, **options: Any) -> Console:
        visits.append(browsers.open(anew=anew, **options))
        opened = visits[-1]
        if who is not None:
            opened.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": _session_of(who), "url": web}])
        return Console(opened.page, web, opened.watch, bool(options.get("java_script_enabled", True)))

    yield open_browser
    has_failed = any(report.failed for report in request.node.stash.get(_REPORTS, {}).values())
    complaints = [complaint for opened in visits for complaint in opened.watch.complaints]
    if has_failed or complaints:
        _keep_pictures([opened.context for opened in visits], request.node.name)
    for opened in visits:
        opened.watch.end()
        if has_failed:
            opened.context.close()
        else:
            browsers.keep(opened)
    assert not complaints


def _session_of(who: User) -> str:
    client = Client()
    sign_in_anew(client, who)  # recorded as its first page is asked for, as any browser's
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _keep_pictures(contexts: list[BrowserContext], test: str) -> None:
    FAILURES.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", test)[:120]
    for number, page in enumerate(page for context in contexts for page in context.pages):
        path = FAILURES / f"{name}-{number}.png"
        page.screenshot(path=path, full_page=True, caret="initial")
        print(f"What the browser showed ({page.url}): {path}")  # noqa: T201  for people who read the failure


@pytest.fixture
def synced(web: str, people: Cast, aws: RunningAws) -> str:
    """The path of an integration of acme/tnt by role, whose first sync is done."""
    with isolation.as_tenant(people.acme.pk):
        made = factories.integration(people.at_org, "awsi", by=people.org_owner, handle_prefix="aws_")
        made.role_arn = aws.roles.create_discovery(made.discovery_external_id)
        made.save(update_fields=["role_arn"])
    assert wait_for(lambda: _has_synced(made), seconds=90)
    return people.at_org.url("integration_detail", integration=made.handle)


def _has_synced(integration: Integration) -> bool:
    with isolation.as_tenant(integration.tenant_id):
        return SyncRun.objects.filter(integration=integration, state=SyncRun.State.SUCCEEDED).exists()
