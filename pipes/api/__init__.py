"""The API: the routes of all apps as one, and what is answered where something is refused.

``urls`` puts them at their address, beside what Pipes has and we do not (``absent``) and the pages of the document.
"""

import json
from functools import cache
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.schema import NinjaGenerateJsonSchema
from psycopg.errors import DeadlockDetected
from pydantic.json_schema import models_json_schema

from connections.api import aggregators, permissions, schemas, stream, tree, workspace
from connections.api import places as connection_places
from integrations.api import advanced, health, integrations, nodes, processes
from integrations.api.delegation import delegates as thing_delegates
from integrations.api.notifications import deliveries, emails, webhooks
from integrations.api.trials import preview, selection
from workspaces.api import actor, audit_log, places
from workspaces.api.people import delegates, members, service_accounts, tokens, users
from workspaces.api.problems import Problem, ProblemError, answer
from workspaces.rate_limit import LimitReachedError

SUBJECTS = (
    *(actor, users, tokens, places, members, service_accounts, delegates, audit_log),
    *(connection_places, tree, stream, workspace, permissions, schemas, aggregators),
    *(integrations, nodes, processes, advanced, health, preview, selection),
    *(emails, webhooks, deliveries, thing_delegates),
)
ROUTES = tuple(dict.fromkeys(subject.routes for subject in SUBJECTS))  # what is at one path shares its routes


class _Api(NinjaAPI):
    """The framework, which is told what routes answer only when it writes the document."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Write the document; the models of answers, which routes declare beside the framework, are put in here."""
        written = super().get_openapi_schema(**options)
        routes = {each.operation_id: each for subject in ROUTES for each in subject.declared}
        models = {Problem} | {each.gives for each in routes.values() if each.gives}
        references, definitions = models_json_schema(
            [(model, "serialization") for model in sorted(models, key=str)],
            ref_template=REF_TEMPLATE,
            schema_generator=NinjaGenerateJsonSchema,
        )
        written["components"]["schemas"] |= definitions["$defs"]
        for operation in (each for methods in written["paths"].values() for each in methods.values()):
            route = routes[operation["operationId"]]
            if route.gives:
                schema = references[route.gives, "serialization"]
                operation["responses"][route.status]["content"] = {self.renderer.media_type: {"schema": schema}}
        return written


api = _Api(
    title="Pipes",
    version="v0",
    description="What a person can do in the console, a program can do with a token of theirs.",
    docs_url=None,
    openapi_url=None,
    urls_namespace="api",
)
for each in ROUTES:
    api.add_router("", each.router)


@api.exception_handler(ProblemError)
def _problem(_request: HttpRequest, error: ProblemError) -> HttpResponse:
    return answer(error)


@api.exception_handler(ValidationError)
def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = [(".".join(map(str, each["loc"][_outer(each["loc"]) :])), str(each["msg"])) for each in error.errors]
    said = "; ".join(f"{at}: {message}" if at else message for at, message in fields)
    return answer(ProblemError(400, said, fields=[each for each in fields if each[0]]))


def _outer(location: tuple[object, ...]) -> int:
    """Count the parts of a location that name no field: where it stood, and the argument that takes the whole body."""
    return 2 if location[:1] == ("body",) else 1


@api.exception_handler(HttpError)
def _unreadable(_request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer(ProblemError(error.status_code, str(error)))


@api.exception_handler(PermissionDenied)
def _forbidden(_request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return answer(ProblemError(403, str(error)))


@api.exception_handler(Http404)
@api.exception_handler(ObjectDoesNotExist)
def _not_there(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return answer(ProblemError(404, "There is no such thing, or none that you have to do with."))


@api.exception_handler(OperationalError)
def _crossed(_request: HttpRequest, error: OperationalError) -> HttpResponse:
    """Answer who has locked what somebody else waits for, who has locked what they wait for."""
    if isinstance(error.__cause__, DeadlockDetected):
        return answer(ProblemError(409, "Somebody else changed the same things in this moment. Try again."))
    raise error


@api.exception_handler(LimitReachedError)
def _too_often(_request: HttpRequest, error: LimitReachedError) -> HttpResponse:
    return answer(ProblemError(429, str(error), retry_after=60))


@cache
def document() -> bytes:
    """Write the OpenAPI document, once in each process."""
    written = api.get_openapi_schema(path_prefix="/api/latest")
    return json.dumps(written).encode()
