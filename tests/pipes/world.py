"""What the table of the API is asked about: made once for all its rows, each of which undoes what it does."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.utils import timezone

from connections import actions
from connections.models import Grant
from integrations.models import AccountAccess, Delivery, Integration
from integrations.notifications import webhooks
from tests import factories
from tests.conftest import Cast, make_cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Role, Token, User
from workspaces.people import tokens

# Of each group who may, and who may not but belongs to the place all the same: they are told why.
INSIDE = ("tenant_owner", "tenant_member", "org_owner", "org_member", "workspace_owner", "operator", "reader")


@dataclass(frozen=True)
class Place:
    """What there is at one level: things by their names in paths, what shares each kind of node, and further names."""

    scope: Scope
    integration: Integration
    account: User
    things: dict[str, Any]
    grants: dict[str, Grant]
    named: dict[str, str]

    @property
    def to_delegate(self) -> dict[str, Any]:
        """What there are verbs for, by its kind."""
        return self.things | {"integration": self.integration, str(self.scope.place._meta.model_name): self.scope.place}


@dataclass(frozen=True)
class World:
    """The cast, the token of each of them, and what there is at each level; there one plain member more ("holder")."""

    cast: Cast
    holders: dict[str, User]
    sent: dict[str, str]
    at: dict[str, Place]


@contextmanager
def prepared() -> Iterator[World]:
    """Make it, for as long as this is open."""
    with transaction.atomic():
        cast = make_cast()
        with isolation.as_user(cast.reader.pk):
            EmailAddress.objects.create(user=cast.reader, email=cast.reader.email, verified=True, primary=True)
        sent = _tokens(cast)
        with isolation.as_tenant(cast.acme.pk):
            holders = {level: factories.user(f"holder-{level}") for level in ("tenant", "org", "workspace")}
            for level, holder in holders.items():
                factories.member(cast.at_tenant if level == "tenant" else cast.at_org, holder, Role.MEMBER)
                sent[f"{level} holder"] = factories.token(holder, cast.acme)
            at = {"tenant": _place(cast, cast.at_tenant, cast.tenant_owner)}
            at["org"] = _place(cast, cast.at_org, cast.org_owner)
            at["workspace"] = replace(at["org"], scope=cast.at_workspace, things=_used(cast), grants={})
        _note_uses(cast)
        connection.check_constraints()
        yield World(cast, holders, sent, at)
        transaction.set_rollback(True)


@contextmanager
def undone(world: World) -> Iterator[World]:
    """Give a copy to one row, and undo whatever that does to what is kept."""
    with transaction.atomic():
        yield pickle.loads(pickle.dumps(world))
        transaction.set_rollback(True)


def _tokens(cast: Cast) -> dict[str, str]:
    """The token of each of the people; nobody's is made up, and one is over."""
    made = {"nobody": "tpt_00000000000000000000_guessed"}
    for name in (*INSIDE, "stranger", "ended"):
        user = getattr(cast, "org_owner" if name == "ended" else name)
        tenant = cast.globex if name == "stranger" else cast.acme
        with isolation.as_tenant(tenant.pk):
            made[name] = tokens.make(user=user, tenant=tenant, title=name, expires_at=None, by=user, now=timezone.now())
    with isolation.as_tenant(cast.acme.pk):
        Token.objects.filter(title="ended").update(is_active=False)
    return made


def _note_uses(cast: Cast) -> None:
    """Let all tokens be used for an hour yet, which else each row that is undone would write for each of them."""
    for tenant in (cast.acme, cast.globex):
        with isolation.as_tenant(tenant.pk):
            Token.objects.update(last_used_at=timezone.now() + timedelta(hours=1))


def _place(cast: Cast, scope: Scope, by: User) -> Place:
    integration = factories.integration(scope, f"of-{scope.level}", by=by)
    run = factories.finished_run(integration)
    hook = factories.webhook(integration, by=by)
    webhooks.send_test(integration=integration, webhook=hook, by=by, now=timezone.now())
    account = factories.service_account(scope, by=by)
    factories.token(account, scope.tenant)
    things = _nodes(scope)
    grants = {
        kind: actions.add_grant(node=things[kind], audience=scope, by=cast.tenant_owner)
        for kind in ("connection", "folder")
    }
    named = {
        "integration": integration.public_id,
        "process": run.public_id,
        "webhook": str(hook.uid),
        "delivery": str(Delivery.objects.get(webhook=hook).uid),
        "account": account.public_id,
    }
    return Place(scope, integration, account, things, grants, named)


def _used(cast: Cast) -> dict[str, Any]:
    """What is in a workspace, and how it is used there."""
    scope, by = cast.at_workspace, cast.workspace_owner
    things = _nodes(scope)
    actions.add_schema(scope=scope, node=things["connection"], by=by)
    return things | {"aggregator": actions.create_aggregator(scope=scope, handle="every", patterns=["*"], by=by)}


def _nodes(scope: Scope) -> dict[str, Any]:
    folder = factories.folder(scope, "Ours")
    one = factories.connection(scope, "One", folder=folder)
    AccountAccess.objects.create(tenant=scope.tenant, organization=scope.organization, connection=one)
    return {"folder": folder, "connection": one}
