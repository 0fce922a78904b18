"""Every answer of the API is one that its document promises, whatever is sent."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipes.api import ROUTES, document
from tests import factories
from tests.conftest import make_cast
from tests.programs import program_of
from workspaces import isolation

if TYPE_CHECKING:
    from schemathesis import Case, Response
    from schemathesis.schemas import BaseSchema

    Send = Callable[[Case[Any]], Response]

pytestmark = [pytest.mark.sweep, pytest.mark.search]

# What is valid by its form may be refused for what it says, and a token is not of the document.
CHECKS = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
OPERATIONS = [(route.method, f"/api/latest{route.path}") for subject in ROUTES for route in subject.declared]


@pytest.fixture(scope="module")
def schema() -> "BaseSchema":
    """What the document has; read when the first route is asked, since that takes a second."""
    import schemathesis

    return schemathesis.openapi.from_dict(json.loads(document()))


@pytest.fixture(scope="module")
def checks() -> list[Any]:
    """What is looked at of each answer."""
    import schemathesis

    named = [schemathesis.checks.CHECKS.get_one(name) for name in CHECKS]
    return [schemathesis.checks.not_a_server_error, *named]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """A token of the tenant's owner, and what the paths name; made once, for every call is undone."""
    with django_db_blocker.unblock(), transaction.atomic():
        cast = make_cast()
        with isolation.as_tenant(cast.acme.pk):
            run = factories.finished_run(factories.integration(cast.at_org, "main", by=cast.org_owner))
            factories.finished_run(factories.integration(cast.at_tenant, "whole", by=cast.tenant_owner))
            account = factories.service_account(cast.at_org, by=cast.org_owner)
        names = {"tenant": "acme", "org": "tnt", "workspace": "fireworks", "user": cast.tenant_owner.handle}
        names["account"] = account.public_id
        yield program_of(cast.tenant_owner, cast.acme).token, names | {"integration": "main", "process": run.public_id}
        transaction.set_rollback(True)


@pytest.fixture
def send(world: tuple[str, dict[str, str]]) -> "Send":
    """A function that makes a call, and undoes what it did."""
    import schemathesis

    token, names = world
    client = Client(raise_request_exception=False)

    def call(case: "Case[Any]") -> "Response":
        case.path_parameters = {name: names.get(name, value) for name, value in case.path_parameters.items()}
        headers = {"Authorization": f"Bearer {token}"}
        prepared = requests.Request(**_parts(case), headers=headers).prepare()
        with transaction.atomic():
            answer: Any = client.generic(
                case.method,
                prepared.path_url,
                prepared.body or "",
                content_type="application/json",
                headers=headers,
            )
            transaction.set_rollback(True)
        return schemathesis.Response(
            answer.status_code,
            {name.lower(): [value] for name, value in answer.headers.items()},
            b"".join(answer.streaming_content).partition(b"\n")[0] if answer.streaming else answer.content,
            prepared,
            elapsed=0.0,
            verify=False,
        )

    return call


def _parts(case: "Case[Any]") -> dict[str, Any]:
    sent = case.as_transport_kwargs(base_url="http://testserver")
    return {name: sent[name] for name in ("method", "url", "params", "json", "data") if name in sent}


def test_the_document_has_every_route() -> None:
    paths = json.loads(document())["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[" ".join(each) for each in OPERATIONS])
def test_each_answer_is_promised(method: str, path: str, schema: "BaseSchema", checks: list[Any], send: "Send") -> None:
    """What is sent is what the document allows, or what it does not."""
    from schemathesis import GenerationMode

    @given(case=st.one_of([schema[path][method].as_strategy(mode) for mode in GenerationMode]))
    @settings(max_examples=4, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
    def is_promised(case: "Case[Any]") -> None:
        answer = send(case)
        assert answer.status_code < 500, answer.content
        case.validate_response(answer, checks=checks)

    is_promised()
