"""Makers of what tests need; each makes one thing, the way the product makes it."""

import itertools
from collections import Counter
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.utils import timezone

from connections import bulk, tree
from connections.models import Connection, Folder
from connections.models.connection import ConnectionState
from connections.tree import allocate_ids
from integrations.models import Draft, Integration, SyncRun, Topic, Webhook
from integrations.notifications import webhooks as notification_actions
from integrations.wizard import drafts, finish
from workspaces.access import Scope
from workspaces.models import Membership, Organization, Plan, Role, Tenant, User, Workspace
from workspaces.people import service_accounts, tokens
from workspaces.places import actions, members

PASSWORD = "a-password-for-tests"
TOTP_SECRET = "JBSWY3DPEHPK3PXP"


def user(handle: str, **fields: Any) -> User:
    """Make a person, ``handle@example.com``."""
    fields.setdefault("password", PASSWORD)
    return User.objects.create_user(email=f"{handle}@example.com", handle=handle, **fields)


def second_factor(person: User) -> Authenticator:
    """Give somebody an authenticator app that knows TOTP_SECRET, kept as the version before kept it: in clear."""
    made = Authenticator(user=person, type=Authenticator.Type.TOTP, data={"secret": TOTP_SECRET})
    made.save()
    return made


def tenant(handle: str, *, owner: User, plan: Plan = Plan.TEAM) -> Tenant:
    """Make a tenant."""
    return actions.create_tenant(handle=handle, name=handle.title(), plan=plan, owner=owner, by=None)


def organization(scope: Scope, handle: str, *, owner: User) -> Organization:
    """Make an organization in the scope's tenant."""
    return actions.create_organization(scope=scope, handle=handle, name=handle.upper(), by=owner)


def workspace(scope: Scope, handle: str, *, owner: User) -> Workspace:
    """Make a workspace in the scope's organization."""
    return actions.create_workspace(scope=scope, handle=handle, name=handle.title(), by=owner)


def member(scope: Scope, person: User, role: Role) -> Membership:
    """Give somebody a role."""
    return members.add_member(scope=scope, user=person, role=role, by=None)


def service_account(scope: Scope, title: str = "Deploy", *, by: User) -> User:
    """Make a service account of a tenant or organization."""
    return service_accounts.create(scope=scope, title=title, description="", by=by).user


def token(person: User, tenant: Tenant, title: str = "Program", *, expires_at: datetime | None = None) -> str:
    """Make a token of somebody in a tenant, and give its text."""
    return tokens.make(user=person, tenant=tenant, title=title, expires_at=expires_at, by=person, now=timezone.now())


def draft(scope: Scope, handle: str = "", *, by: User, **fields: Any) -> Draft:
    """Start the wizard in this scope; further fields are set as its steps would."""
    made = drafts.create_draft(scope=scope, by=by)
    for name, value in (fields | {"handle": handle}).items():
        setattr(made, name, value)
    made.save()
    return made


def integration(scope: Scope, handle: str, *, by: User, **fields: Any) -> Integration:
    """Make an integration, its root folder and its first run, which waits for a worker."""
    made = draft(scope, handle, by=by, **fields)
    return finish.create_integration(draft=made, audiences=(), by=by, now=timezone.now())


def finished_run(of: Integration, *, changes: list[list[str]] | None = None, **fields: Any) -> SyncRun:
    """End the run that is open, or one that is made for it, as done; or otherwise, as the fields say."""
    run = SyncRun.objects.filter(integration=of, finished_at=None).first()
    run = run or SyncRun(tenant_id=of.tenant_id, integration=of, trigger=SyncRun.Trigger.SCHEDULED)
    now = timezone.now()
    ended = {"state": SyncRun.State.SUCCEEDED, "started_at": now, "finished_at": now, "changes": changes or []}
    ended["counts"] = dict(Counter(change[0] for change in changes or []))
    for name, value in (ended | fields).items():
        setattr(run, name, value)
    run.save()
    return run


def webhook(of: Integration, name: str = "hook", *, by: User, **fields: Any) -> Webhook:
    """Make a webhook that is told of everything."""
    defaults: dict[str, Any] = {"url": f"https://{name}.example.com/in?token=sesame", "topics": Topic.values}
    return notification_actions.create_webhook(integration=of, name=name, by=by, **(defaults | fields))


_numbers = itertools.count(1)


def folder(scope: Scope, title: str, *, parent: Folder | None = None, **fields: Any) -> Folder:
    """Make a folder; in a mirror it is one that was discovered."""
    (folder_id,) = allocate_ids(Folder, 1)
    mirrored = _mirrored(parent, f"ou-ab12-{next(_numbers):08}")
    path = f"{parent.path if parent else ''}{folder_id}/"
    handle = f"folder_{folder_id}"
    own = {"id": folder_id, "path": path, "parent": parent, "title": title, "handle": handle}
    return Folder.objects.create(**scope.keys, **(own | mirrored | fields))


def connection(scope: Scope, title: str, *, folder: Folder | None = None, **fields: Any) -> Connection:
    """Make a connection; in a mirror it is one that was discovered."""
    number = next(_numbers)
    own = {"folder": folder, "title": title, "handle": f"connection_{number}"}
    return Connection.objects.create(**scope.keys, **(own | _mirrored(folder, f"{100000000000 + number}") | fields))


def _mirrored(above: Folder | None, source_id: str) -> dict[str, Any]:
    if above is None or above.root_id is None:
        return {}
    return {"is_managed": True, "root_id": above.root_id, "source_id": source_id}


def grow(top: Folder, *, folders: int, connections: int) -> None:
    """Fill a folder of a mirror with this many folders, and these with the connections in turn, as a sync writes them.

    Objects of ten thousand connections would take longer to make than the tests that look at them.
    """
    assert top.root_id is not None
    now, ids = timezone.now(), allocate_ids(Folder, folders)
    bulk.create_folders(
        [_row(pk, f"ou-x-{pk}", f"OU {pk}", f"ou_{pk}", top.pk) for pk in ids], root=top.root_id, now=now
    )
    tree.rebuild_paths(top.root_id)
    bulk.create_connections(
        [
            _row(None, f"{100000000000 + number}", f"Account {n}", f"account_{number}", ids[n % folders])
            for n, number in zip(range(connections), _numbers, strict=False)
        ],
        root=top.root_id,
        now=now,
    )


def _row(pk: int | None, source_id: str, title: str, handle: str, above: int) -> bulk.NodeRow:
    return {
        "id": pk,
        "source_id": source_id,
        "title": title,
        "handle": handle,
        "above": above,
        "state": ConnectionState.ACTIVE,
        "email": "",
        "joined_at": None,
    }
