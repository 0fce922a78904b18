"""Every answer of the API is one that its document promises, whatever is sent."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, settings

from pipes.api import document
from tests import factories
from tests.conftest import Cast
from tests.programs import ProgramOf, program
from workspaces import isolation

pytestmark = pytest.mark.sweep

schema = schemathesis.openapi.from_dict(json.loads(document()))

# What is valid by its form may be refused for what it says, and a token is not of the document.
Case = schemathesis.Case[Any]
CHECKS: list[Any] = [
    schemathesis.checks.not_a_server_error,
    *(
        schemathesis.checks.CHECKS.get_one(name)
        for name in ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
    ),
]
Send = Callable[[Case], schemathesis.Response]

__all__ = ["program"]


@pytest.fixture
def send(program: ProgramOf, cast: Cast) -> Send:
    """A function that makes a call as the tenant's owner, and undoes what it did."""
    with isolation.as_tenant(cast.acme.pk):
        run = factories.finished_run(factories.integration(cast.at_org, "main", by=cast.org_owner))
        factories.finished_run(factories.integration(cast.at_tenant, "whole", by=cast.tenant_owner))
    there = {
        "tenant": "acme",
        "org": "tnt",
        "workspace": "fireworks",
        "user": cast.tenant_owner.handle,
        "integration": "main",
        "process": run.public_id,
    }
    client, token = Client(raise_request_exception=False), program(cast.tenant_owner).token

    def call(case: Case) -> schemathesis.Response:
        case.path_parameters = {name: there.get(name, value) for name, value in case.path_parameters.items()}
        prepared = requests.Request(**_parts(case), headers={"Authorization": f"Bearer {token}"}).prepare()
        with transaction.atomic():
            answer: Any = client.generic(
                case.method,
                prepared.path_url,
                prepared.body or "",
                content_type="application/json",
                headers={"Authorization": f"Bearer {token}"},
            )
            transaction.set_rollback(True)
        return schemathesis.Response(
            answer.status_code,
            {name.lower(): [value] for name, value in answer.headers.items()},
            answer.content,
            prepared,
            elapsed=0.0,
            verify=False,
        )

    return call


def _parts(case: Case) -> dict[str, Any]:
    sent = case.as_transport_kwargs(base_url="http://testserver")
    return {name: sent[name] for name in ("method", "url", "params", "json", "data") if name in sent}


@schema.parametrize()
@settings(max_examples=5, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
def test_each_answer_is_promised(case: Case, send: Send) -> None:
    answer = send(case)
    assert answer.status_code < 500, answer.content
    case.validate_response(answer, checks=CHECKS)
