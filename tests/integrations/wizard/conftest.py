"""Somebody who walks the wizard, as a browser without script would."""

import html as html_entities
import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from integrations.access_tests import run as access_tests_run
from integrations.aws.calls.retry import Retries
from integrations.models import AccessTest, Draft, Integration
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Tenant

ROLE_ARN = "arn:aws:iam::123456789012:role/pipes-discovery"
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY+/"
QUICK = Retries(faults=2, throttles=3, first_wait=0.01)

BY_ROLE = {"access_mode": "role", "role_arn": ROLE_ARN}
BY_KEY = {"access_mode": "key", "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
CONNECTION: dict[str, Any] = {
    "handle_prefix": "acme_",
    "role_name": "pipes-connection",
    "all_regions": "all",
    "default_region": "",
    "max_error_retry_attempts": "9",
    "min_error_retry_delay": "25",
    "ignore_error_codes": "",
}


@dataclass
class Walk:
    """A browser in the wizard of one place; ``page`` is the text of the last page, ``answer`` the whole of it."""

    client: Client
    scope: Scope
    answer: Any = None

    @property
    def tenant(self) -> Tenant:
        """The tenant that it walks in."""
        return self.scope.tenant

    @property
    def html(self) -> str:
        """The last page."""
        return str(self.answer.content.decode())

    @property
    def page(self) -> str:
        """What the last page says, without markup."""
        return " ".join(html_entities.unescape(re.sub(r"<[^>]+>", " ", self.html)).split())

    @property
    def at(self) -> str:
        """The last part of the URL that the last answer is of, or leads to."""
        url = self.answer.headers.get("Location", "") or self.answer.request["PATH_INFO"]
        return str(url.split("?")[0].rstrip("/").rpartition("/")[2])

    def start(self) -> "Walk":
        """Choose AWS."""
        self.answer = self.client.post(self.scope.url("integration_new"), {"type": "aws"})
        assert self.at == "handle", self.page
        return self

    def to(self, step: str, **values: Any) -> "Walk":
        """Walk to a step through those before it."""
        self.start()
        posts: list[tuple[str, dict[str, Any]]] = [
            ("handle", {"handle": "awsi"}),
            ("discovery", BY_ROLE),
            ("connection", CONNECTION),
        ]
        for name, data in posts:
            if name == step:
                break
            self.post(name, **(data | values.get(name, {})))
            assert self.answer.status_code == 302, self.page
        self.get(step)
        return self

    def url(self, step: str) -> str:
        """The URL of a step of the draft that was started last."""
        return self.scope.url("integration_draft", draft=self.draft().uid, step=step)

    def get(self, step: str) -> HttpResponse:
        """Look at a step."""
        self.answer = self.client.get(self.url(step))
        return self.answer  # type: ignore[no-any-return]

    def post(self, step: str, do: str = "next", **data: Any) -> HttpResponse:
        """Press a button of a step."""
        self.answer = self.client.post(self.url(step), data | {"do": do})
        return self.answer  # type: ignore[no-any-return]

    def draft(self) -> Draft:
        """The draft that was started last, as it is stored."""
        with isolation.as_tenant(self.tenant.pk):
            return Draft.objects.select_related("tenant", "organization").latest("pk")

    def integration(self) -> Integration:
        """The integration that was made."""
        with isolation.as_tenant(self.tenant.pk):
            return Integration.objects.select_related("tenant", "organization", "root_folder").get()

    def test(self) -> AccessTest:
        """The test that was asked for last, as it is stored."""
        with isolation.as_tenant(self.tenant.pk):
            return AccessTest.objects.latest("pk")

    def run_test(self) -> AccessTest:
        """Do what the worker does, and give what came of it."""
        access_tests_run.run(self.tenant.pk, self.test().pk, retries=QUICK)
        return self.test()

    def credentials(self, aws: RunningAws) -> dict[str, str]:
        """Make the role that the template would make, and give what to enter."""
        return {"access_mode": "role", "role_arn": aws.roles.create_discovery(self.draft().discovery_external_id)}

    def audit(self) -> list[AuditEvent]:
        """All that was recorded in the tenant."""
        with isolation.as_tenant(self.tenant.pk):
            return list(AuditEvent.objects.order_by("pk"))


@pytest.fixture(autouse=True)
def principal(settings: Settings) -> None:
    """Our identity in the one partition that is served."""
    settings.PIPES_AWS_PRINCIPALS = {"aws": VENDOR_ROLE_ARN}


@pytest.fixture
def in_org(cast: Cast, as_org_owner: Client) -> Walk:
    """The owner of acme/tnt in its wizard."""
    return Walk(as_org_owner, cast.at_org)


@pytest.fixture
def in_tenant(cast: Cast) -> Walk:
    """The owner of acme in its wizard."""
    client = Client()
    client.force_login(cast.tenant_owner)
    return Walk(client, cast.at_tenant)
