"""Integrations: making, changing, testing and deleting them, and asking for a sync. No request calls AWS."""

from copy import copy
from functools import partial
from typing import Any, Final, Literal

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from pydantic import BaseModel

from connections.errors import ChangedMeanwhileError, HandleTakenError
from integrations import edit_conflicts
from integrations.access import findings
from integrations.access_tests.request import request_test
from integrations.api import config as settings_map
from integrations.api import shapes
from integrations.api.config import Config
from integrations.api.finding import hold_integration
from integrations.api.shapes import IntegrationShape
from integrations.delegation import CONFIGURERS, HOLDERS, SYNCERS, VIEWERS, among, may, trigger
from integrations.forms.handle import HandleForm
from integrations.models import AccessTest, Draft, Integration, SettingsTrial
from integrations.planning.handle_prefix import PrefixRefusedError
from integrations.settings import change, deletion
from integrations.sync import requests
from integrations.trials import settings_trial
from integrations.wizard import setup_files
from integrations.wizard.finish import create_from
from workspaces.access import Power, why_no_integrations, why_only_kept
from workspaces.api.bodies import Body, checked
from workspaces.api.paging import PAGING, Page, Paging, page_of
from workspaces.api.problems import ProblemError, invalid
from workspaces.api.routes import ORG, TENANT, WORKSPACE, Call, Routes, named
from workspaces.database import at_most_one

routes = Routes("Integrations")
_BOTH = (TENANT, ORG)
_DISCOVERY = AccessTest.Kind.DISCOVERY
_SETTINGS: Final = ("config", "discovery_external_id", "connection_external_id")


class NewIntegration(Body):
    handle: str
    type: str
    config: Config | None = None


class IntegrationChange(Body):
    handle: str | None = None
    state: str | None = None
    config: Config | None = None


class IntegrationTest(Body):
    type: str | None = None
    config: Config | None = None


class Command(Body):
    command: Literal["refresh"]


class CommandShape(BaseModel):
    command: str


@routes.get("/integration", gives=Page[IntegrationShape], at=_BOTH, needs=Power.OWNER, delegates=HOLDERS)
def list_integrations(call: Call, paging: Paging = PAGING) -> Page[IntegrationShape]:
    """List the integrations of a tenant or organization itself."""
    return page_of(call, among(call.access, _own(call)), paging, lambda one: _shown(call, one))


@routes.post("/integration", gives=IntegrationShape, at=_BOTH)
def create_integration(call: Call, body: NewIntegration) -> IntegrationShape:
    """Make an integration; it is pending until its first sync, which proves its role, has ended."""
    if why := why_no_integrations(call.scope):
        raise ProblemError(402, why)
    if body.type != "aws":
        raise invalid("type", f"{body.type} is no type of integration here. There is aws.")
    sent, scope = body.config or Config(), call.scope
    draft = Draft(tenant=scope.tenant, organization=scope.organization, created_by=call.user)
    draft.handle = checked(HandleForm(draft, {"handle": body.handle}))["handle"]
    setup_files.name_roles(draft)
    settings_map.apply_external_ids(draft, sent)
    settings_map.apply_discovery(draft, sent)
    settings_map.apply_connection(draft, sent)
    audiences = settings_map.audiences(scope, sent)
    try:
        made = create_from(draft, audiences=audiences, by=call.user, now=timezone.now(), sent=sent.sent)
    except HandleTakenError:
        raise ProblemError(409, f"Another integration of {call.tenant} is called {body.handle}.") from None
    return _shape(call, made)


@routes.get("/integration/{integration}", gives=IntegrationShape, at=_BOTH, needs=Power.OWNER, delegates=VIEWERS)
def get_integration(call: Call, integration: str) -> IntegrationShape:
    """Get an integration; its settings are for owners, and for delegates who may change them."""
    return _shown(call, _find(call, integration))


@routes.patch("/integration/{integration}", gives=IntegrationShape, at=_BOTH, delegates=CONFIGURERS)
def change_integration(call: Call, integration: str, body: IntegrationChange) -> IntegrationShape:
    """Change an integration.

    Other credentials are tried first, and used once they were read with: until then it is pending. Should that remove
    more than the deletion limit, it waits for somebody to save or discard it in the console.
    """
    found = _hold(call, integration)
    if body.state == "disabled":
        raise invalid("state", "An integration cannot be disabled here. Delete it, or take its permissions away.")
    try:
        if body.handle and body.handle != found.handle:
            _rename(call, found, body.handle)
            found = _find(call, found.public_id)
        if body.config is not None:
            _change_settings(call, found, body.config)
    except ChangedMeanwhileError as error:
        raise ProblemError(409, str(error)) from None
    except PermissionDenied:
        raise ProblemError(402, why_only_kept(call.scope)) from None
    return _shape(call, found)


@routes.delete("/integration/{integration}", gives=IntegrationShape, at=_BOTH)
def delete_integration(call: Call, integration: str) -> IntegrationShape:
    """Delete an integration with all folders and connections that it made; nothing changes in AWS."""
    found = _hold(call, integration)
    shape = shapes.integration_shape(found, call.tenant)
    deletion.request_removal(integration=found, by=call.user, now=timezone.now())
    return shape


@routes.post("/integration/{integration}/command", gives=CommandShape, at=_BOTH, delegates=SYNCERS)
def command(call: Call, integration: str, body: Command) -> CommandShape:
    """Start a sync (``refresh``). While one waits for approval none is started: answer that first."""
    found = _find(call, integration)
    if found.question:
        raise ProblemError(409, f"No sync of {found} was started, for one waits for approval. Approve or discard it.")
    try:
        requests.request_sync(integration=found, by=call.user, now=timezone.now(), trigger=trigger(call.access, found))
    except requests.IntegrationGoneError as error:
        raise ProblemError(409, str(error)) from None
    return CommandShape(command=body.command)


@routes.post("/integration/{integration}/test", gives=IntegrationShape, at=_BOTH, status=200, delegates=CONFIGURERS)
def try_integration(call: Call, integration: str, body: IntegrationTest | None = None) -> IntegrationShape:
    """Start *Test Discovery* with the settings in use; the answer says what is known so far."""
    found = _find(call, integration)
    if body is not None and body.config is not None and body.config.model_fields_set:
        raise invalid("config", "Other settings are tried by changing the integration: they are not used before.")
    current = edit_conflicts.hold(found)
    request_test(current, _DISCOVERY, by=call.user, now=timezone.now(), target=found)
    return _shape(call, found)


@routes.get("/integration", gives=Page[IntegrationShape], at=(WORKSPACE,))
def list_integrations_of_workspace(call: Call, paging: Paging = PAGING) -> Page[IntegrationShape]:
    """List the integrations of the workspace's organization and of the tenant, without their settings."""
    return page_of(call, _around(call), paging, lambda one: _without_settings(call, one))


@routes.get("/integration/{integration}", gives=IntegrationShape, at=(WORKSPACE,))
def get_integration_of_workspace(call: Call, integration: str) -> IntegrationShape:
    """Get an integration of the workspace's organization or of the tenant, without its settings."""
    found = at_most_one(_around(call).filter(named(integration)))
    if found is None:
        raise Http404
    return _without_settings(call, found)


def _own(call: Call) -> QuerySet[Any]:
    return shapes.with_state(Integration.objects.in_scope(call.scope))


def _around(call: Call) -> QuerySet[Any]:
    of_tenant = Integration.objects.filter(tenant=call.tenant, state=Integration.State.ACTIVE)
    here = of_tenant.filter(organization=None) | of_tenant.filter(organization=call.scope.organization)
    return shapes.with_state(here)


def _without_settings(call: Call, integration: Integration) -> IntegrationShape:
    hidden = dict.fromkeys((*_SETTINGS, "state_reason"))
    return shapes.integration_shape(integration, call.tenant).model_copy(update=hidden)


def _shown(call: Call, integration: Integration) -> IntegrationShape:
    shape = shapes.integration_shape(integration, call.tenant)
    return shape if may(call.access, integration).configure else shape.model_copy(update=dict.fromkeys(_SETTINGS))


def _find(call: Call, integration: str) -> Any:
    found = at_most_one(_own(call).filter(named(integration)))
    if found is None:
        raise Http404
    found.tenant, found.organization = call.tenant, call.scope.organization
    return found


def _hold(call: Call, integration: str) -> Any:
    """Find what is to be changed, and lock it; refuses where the program has seen another version."""
    return _find(call, hold_integration(call, integration).public_id)


def _shape(call: Call, integration: Integration) -> IntegrationShape:
    return shapes.integration_shape(_own(call).get(pk=integration.pk), call.tenant)


def _rename(call: Call, integration: Integration, handle: str) -> None:
    current = Integration.objects.get(pk=integration.pk)
    wanted = checked(HandleForm(integration, {"handle": handle}))["handle"]
    try:
        change.change_handle(integration=integration, handle=wanted, version=str(current.version), by=call.user)
    except HandleTakenError:
        raise ProblemError(409, f"Another integration of {call.tenant} is called {handle}.") from None


def _change_settings(call: Call, integration: Integration, sent: Config) -> None:
    """Save what connections are called and begin with, and try how to sign in, where these are others."""
    settings_map.check_external_ids_stay(integration, sent)
    wanted = copy(integration)
    settings_map.apply_connection(wanted, sent, before=integration.sent_config)
    _save_connection_settings(call, integration, wanted)
    current = Integration.objects.select_related("tenant", "organization").get(pk=integration.pk)
    tried = copy(current)
    settings_map.apply_discovery(tried, sent)
    open_trial = SettingsTrial.objects.filter(integration=integration)
    if findings.fingerprint(tried, _DISCOVERY) == findings.fingerprint(current, _DISCOVERY):
        open_trial.filter(is_unattended=True).delete()  # what was sent before is not wanted any more
    else:
        _refuse_over_people(open_trial)
        tried.discovery_external_id = current.next_discovery_external_id or current.discovery_external_id
        version = str(current.version)
        settings_trial.start(integration=current, wanted=tried, version=version, by=call.user, is_unattended=True)
    Integration.objects.filter(pk=integration.pk).update(sent_config=sent.sent)


def _refuse_over_people(trials: QuerySet[SettingsTrial]) -> None:
    """Refuse to take the place of what a person tries, and has not saved yet."""
    theirs = trials.filter(is_unattended=False, expires_at__gt=timezone.now()).exclude(state=SettingsTrial.State.FAILED)
    found = theirs.exclude(about=SettingsTrial.About.PREVIEW).select_related("created_by").first()
    if found is not None:
        raise ProblemError(409, f"{found.created_by} is trying other settings in the console. Save or discard those.")


def _save_connection_settings(call: Call, integration: Integration, wanted: Integration) -> None:
    """Save the Connection Settings; a program is not asked whether it has seen what that means to workspaces."""
    version = str(integration.version)
    save = partial(
        change.change_connection_settings, integration=integration, wanted=wanted, version=version, by=call.user
    )
    try:
        try:
            save(seen="")
        except change.UnseenImpactError as unseen:
            save(seen=unseen.fingerprint)
    except PrefixRefusedError as error:
        raise invalid("config.handle_prefix", str(error)) from None
