"""The integration of the demo's organization ops: synced, shared, in use, and with a past that was really lived.

Its syncs are run by the demo's own worker, while the stand-in for AWS is changed between them.
"""

import json
import os
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

from django.utils import timezone

from connections import actions as connections
from integrations.aws import iac
from integrations.events import inlets
from integrations.models import AccessMode, EventInlet, Integration, SyncRun
from integrations.sync import requests
from integrations.wizard import drafts, finish, setup_files
from launcher.child import wait_for
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Organization, Tenant, User, Workspace

HANDLE = "research"
_PATIENCE = 60  # seconds that one sync may take
# What happens in the AWS organization "labs", a sync after each.
_HISTORY: tuple[tuple[str, dict[str, str]], ...] = (
    ("create", {"name": "satellite-imaging", "parent": "Research"}),
    ("rename", {"node": "workshops", "name": "teaching-workshops"}),
    ("move", {"account": "warehouse-bots", "parent": "Research"}),
    ("suspend", {"account": "hackathon"}),
)


def live_it() -> None:
    """Make the integration and what happened to it, unless it is there already or AWS is not the stand-in."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if not endpoint.startswith("http://127.0.0.1:"):
        return
    with isolation.as_operator():
        tenant = Tenant.objects.get(handle="acme")
    with isolation.as_tenant(tenant.pk):
        there = Integration.objects.filter(tenant=tenant, handle=HANDLE).first()
    if there is not None:
        _keep_events(endpoint, there)
        return
    by = User.objects.get(email="olivia@acme.example")
    with isolation.as_tenant(tenant.pk):
        ops = Organization.objects.get(tenant=tenant, handle="ops")
        pager = Scope(tenant, ops, Workspace.objects.get(organization=ops, handle="pager"))
        made = _create(Scope(tenant, ops), pager, _key(endpoint), by)
    _wait_for_sync(made)
    _order(endpoint, "deploy", _member_roles(endpoint, made))
    with isolation.as_tenant(tenant.pk):
        connections.add_schema(scope=pager, node=made.root_folder, by=by)
    for command, arguments in _HISTORY:
        _order(endpoint, command, arguments)
        with isolation.as_tenant(tenant.pk):
            requests.request_sync(integration=made, by=by, now=timezone.now())
        _wait_for_sync(made)
    _send_events(endpoint, made, by)


def _create(ops: Scope, pager: Scope, key: dict[str, str], by: User) -> Integration:
    draft = drafts.create_draft(scope=ops, by=by)
    draft.handle, draft.handle_prefix = HANDLE, "research_"
    draft.access_mode, draft.access_key_id = AccessMode.KEY, key["access_key"]
    draft.secret_key = key["secret_key"]
    setup_files.name_roles(draft)
    draft.save()
    return finish.create_integration(draft=draft, audiences=[pager], by=by, now=timezone.now())


def _member_roles(endpoint: str, made: Integration) -> dict[str, Any]:
    root_id = _labs(endpoint)["root"]
    template = iac.member_stackset(
        partition="aws",
        principal_arn=os.environ["PIPES_AWS_PRINCIPAL_ARN"],
        external_id=made.connection_external_id,
        role_name=made.role_name,
        targets=iac.Targets(root_id, (root_id,)),
    )
    return {"template": template, "stack": "member", "parameters": {}}


def _send_events(endpoint: str, made: Integration, by: User) -> None:
    """Let events in, and launch the stack that sends them."""
    with isolation.as_tenant(made.tenant_id):
        issued = inlets.enable(integration=made, by=by, now=timezone.now())
        stack = _events_stack(made, issued.inlet, {"Key": issued.key}) if issued else None
    if stack is not None:
        _order(endpoint, "deploy", stack)


def _keep_events(endpoint: str, there: Integration) -> None:
    """Have events sent to where this demo is: it may have another port than before. The stack keeps its key."""
    with isolation.as_tenant(there.tenant_id):
        inlet = EventInlet.objects.filter(integration=there).first()
        stack = _events_stack(there, inlet, {}) if inlet else None
    if stack is not None:
        with suppress(urllib.error.HTTPError):  # nobody has launched a stack
            _order(endpoint, "deploy", stack)


def _events_stack(integration: Integration, inlet: EventInlet, parameters: dict[str, str]) -> dict[str, Any]:
    name, template = setup_files.events_template(integration, inlets.url_of(inlet))
    return {"template": template, "stack": name.removesuffix(".yaml"), "parameters": parameters}


def _wait_for_sync(of: Integration) -> None:
    """Wait until no run is open; raises TimeoutError, and RuntimeError where the last one failed."""
    if not wait_for(lambda: _last_run(of).is_over, seconds=_PATIENCE):
        raise TimeoutError(f"The sync of {of} did not end within {_PATIENCE} s.")
    if _last_run(of).state != SyncRun.State.SUCCEEDED:
        raise RuntimeError(f"The sync of {of} failed: {_last_run(of).error}")


def _last_run(of: Integration) -> SyncRun:
    with isolation.as_tenant(of.tenant_id):
        return SyncRun.objects.of(of)[0]


def _shown(endpoint: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{endpoint}/_stand-in/show", timeout=5) as answer:
        shown: dict[str, Any] = json.load(answer)
    return shown


def _labs(endpoint: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in _shown(endpoint)["organizations"] if each["label"] == "labs")
    return found


def _key(endpoint: str) -> dict[str, str]:
    key: dict[str, str] = _shown(endpoint)["keys"][0]
    return key


def _order(endpoint: str, command: str, arguments: dict[str, Any]) -> None:
    body = json.dumps({"command": command, "arguments": arguments | {"organization": "labs"}}).encode()
    with urllib.request.urlopen(f"{endpoint}/_stand-in/command", body, timeout=30):
        pass
