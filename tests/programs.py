"""Programs that call the API."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.conftest import Cast
from workspaces import isolation
from workspaces.models import Tenant, User
from workspaces.people import tokens


@dataclass
class Program:
    """A client with a token; it remembers its last answer."""

    token: str
    client: Client = field(default_factory=Client)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.token}"} | headers
        return self.client.generic(
            method,
            f"/api/latest{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers=sent,
        )

    def get(self, path: str, **headers: str) -> Any:
        response = self("GET", path, **headers)
        assert response.status_code == 200, response.content
        return response.json()


ProgramOf = Callable[..., Program]


@pytest.fixture
def program(cast: Cast) -> ProgramOf:
    """A function that makes a program of somebody, in a tenant: acme, if it is not said."""

    def make(user: User, tenant: Tenant | None = None) -> Program:
        return program_of(user, tenant or cast.acme)

    return make


def program_of(user: User, tenant: Tenant) -> Program:
    """Make a program of somebody."""
    with isolation.as_tenant(tenant.pk):
        return Program(tokens.make(user=user, tenant=tenant, title="ci", expires_at=None, by=user, now=timezone.now()))
