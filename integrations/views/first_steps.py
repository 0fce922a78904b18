"""What comes next: the first steps of a new place, and of a new integration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from integrations.overview import first_steps
from integrations.overview.first_steps import Facts
from workspaces.access import Access, Scope, why_no_integrations


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is, why, where it is done (nowhere before another one was), and where it was."""

    name: str
    why: str
    is_done: bool
    url: str


def steps_of(access: Access) -> Sequence[Step]:
    """List the first steps of a tenant or an organization for its owners; none where all are done, or hidden."""
    scope = access.scope
    owner = scope.organization or scope.tenant
    if scope.workspace or not access.can_own or owner.first_steps_hidden_at or why_no_integrations(scope):
        return ()
    facts = first_steps.facts_of(access)
    return () if facts.are_done else _steps(scope, facts)


def _steps(scope: Scope, facts: Facts) -> Sequence[Step]:
    found = {key: value for key, value in (facts.integration or {}).items() if value is not None}
    folder = found.pop("folder", None)
    owner = {key: found[key] for key in ("organization",) if key in found} | {"tenant": scope.tenant.handle}
    detail = reverse("integration_detail", kwargs=found | owner) if found else ""
    share = reverse("folder_permissions", kwargs=owner | {"folder": folder}) if found else ""
    return (
        Step(
            "Connect AWS",
            "An integration mirrors an AWS organization as folders and connections.",
            facts.is_connected,
            detail if facts.is_connected else scope.url("integration_new"),
        ),
        Step("Share it", "Say which workspaces may use the folders and connections.", facts.is_shared, share),
        Step(
            "Add to a schema",
            "In a workspace, add a folder or connection to its schema: then it can be queried.",
            facts.is_used,
            _where_to_add(scope, facts),
        ),
        Step(
            "Invite somebody",
            "Others use what you have set up, or own it with you.",
            facts.has_others,
            scope.url("people" if facts.has_others else "person_add"),
        ),
    )


def _where_to_add(scope: Scope, facts: Facts) -> str:
    if not facts.is_shared and not facts.is_used:
        return ""
    return _workspaces_url(scope, facts.workspaces)


def _workspaces_url(scope: Scope, workspaces: Sequence[dict[str, str]], **folder: int) -> str:
    """Lead to the one workspace there is, or to where one is chosen or made."""
    if len(workspaces) == 1:
        name = "folder_detail" if folder else "connection_list"
        return reverse(name, kwargs=first_steps.place(scope, workspaces[0]) | folder)
    if not scope.organization:
        return scope.url("tenant_home")
    return scope.url("organization_home" if workspaces else "workspace_create")


def next_step(scope: Scope, integration: Any) -> Step | None:
    """Say what comes after the first sync of an integration, annotated by ``how_far``; None once it is in use."""
    if integration.is_used:
        return None
    root = integration.root_folder_id
    if not integration.is_shared:
        why = "No workspace may use these folders and connections yet."
        return Step("share it", why, is_done=False, url=scope.url("folder_permissions", folder=root))
    why = "Workspaces may use these folders and connections, and none has added one to its schema yet."
    if integration.users:
        url = _workspaces_url(scope, integration.users, folder=root)
    else:  # those that may use a part of it have to be looked for
        url = scope.url("organization_home" if scope.organization else "tenant_home")
    return Step("add to a workspace", why, is_done=False, url=url)
