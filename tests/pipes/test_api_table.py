"""Who may call what: every route of the API, every person, and what they are answered."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import pytest
from django.db import transaction
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from integrations.models import Integration, SettingsTrial
from integrations.planning.snapshot import Snapshot, SnapshotFolder, pack
from integrations.trials import settings_trial
from pipes.api import ROUTES
from tests.conftest import Cast
from tests.pipes.world import INSIDE, World, prepared, undone
from workspaces import isolation
from workspaces.access import Access, Scope
from workspaces.delegation.verbs import VERBS_OF, Verb
from workspaces.models import Membership, Token, User
from workspaces.people import delegates

# Rows: method and path, and for whom it is. "all" of the tenant, its owners ("tenant"), members and owners of the
# organization ("org member", "org"), readers and owners of the workspace ("reader", "workspace"), or "self" alone.
TABLE = """
GET    /actor                                            all
GET    /actor/org                                        all
GET    /actor/org/invite                                 all
GET    /actor/workspace                                  all
GET    /actor/activity                                   all
GET    /identity                                         all
GET    /identity/{identity}                              all
GET    /user/{user}                                      all
PATCH  /user/{user}                                      self
GET    /user/{user}/email                                self
GET    /user/{user}/email/{email}                        self
GET    /user/{user}/preferences                          self
PATCH  /user/{user}/preferences                          self
GET    /user/{user}/audit_log                            self
GET    /user/{user}/token                                self
POST   /user/{user}/token                                self
GET    /user/{user}/token/{token_id}                        self
PATCH  /user/{user}/token/{token_id}                        self
DELETE /user/{user}/token/{token_id}                        self
GET    /tenant                                           all
GET    /tenant/{tenant}                                  all
PATCH  /tenant/{tenant}                                  tenant
GET    /tenant/{tenant}/member                           tenant
POST   /tenant/{tenant}/member/invite                    tenant
GET    /tenant/{tenant}/member/{user}                    tenant
PATCH  /tenant/{tenant}/member/{user}                    tenant
DELETE /tenant/{tenant}/member/{user}                    tenant
POST   /tenant                                           nobody
DELETE /tenant/{tenant}                                  nobody
GET    /connection_tree/stream                           tenant
GET    /org/{org}/connection_tree/stream                 org
GET    /settings                                         tenant
PATCH  /settings                                         tenant
GET    /audit_log                                        tenant
GET    /org                                              all
POST   /org                                              tenant
GET    /org/{org}                                        org member
PATCH  /org/{org}                                        org
DELETE /org/{org}                                        org
GET    /org/{org}/audit_log                              org
GET    /org/{org}/member                                 org member
POST   /org/{org}/member                                 org
POST   /org/{org}/member/invite                          org
GET    /org/{org}/member/{user}                          org member
PATCH  /org/{org}/member/{user}                          org
DELETE /org/{org}/member/{user}                          org
GET    /org/{org}/workspace                              org member
POST   /org/{org}/workspace                              org
GET    /org/{org}/workspace/{workspace}                  reader
DELETE /org/{org}/workspace/{workspace}                  workspace
GET    /org/{org}/workspace/{workspace}/audit_log        workspace
GET    /org/{org}/workspace/{workspace}/member           reader
POST   /org/{org}/workspace/{workspace}/member           workspace
GET    /org/{org}/workspace/{workspace}/member/{user}    reader
PATCH  /org/{org}/workspace/{workspace}/member/{user}    workspace
DELETE /org/{org}/workspace/{workspace}/member/{user}    workspace
GET    /integration                                      tenant
POST   /integration                                      tenant
GET    /integration/{integration}                        tenant
PATCH  /integration/{integration}                        tenant
DELETE /integration/{integration}                        tenant
POST   /integration/{integration}/command                tenant
POST   /integration/{integration}/test                   tenant
GET    /integration/{integration}/process                tenant
GET    /org/{org}/integration                            org
POST   /org/{org}/integration                            org
GET    /org/{org}/integration/{integration}              org
PATCH  /org/{org}/integration/{integration}              org
DELETE /org/{org}/integration/{integration}              org
POST   /org/{org}/integration/{integration}/command      org
POST   /org/{org}/integration/{integration}/test         org
GET    /org/{org}/integration/{integration}/process      org
GET    /org/{org}/workspace/{workspace}/integration      reader
GET    /org/{org}/workspace/{workspace}/integration/{integration}  reader
GET    /process                                          tenant
GET    /process/{process}                                tenant
GET    /process/{process}/change                         tenant
GET    /process/{process}/log/{file}                     tenant
POST   /process/{process}/approve                        tenant
POST   /process/{process}/discard                        tenant
GET    /org/{org}/process                                org
GET    /org/{org}/process/{process}                      org
GET    /org/{org}/process/{process}/change               org
GET    /org/{org}/process/{process}/log/{file}           org
POST   /org/{org}/process/{process}/approve              org
POST   /org/{org}/process/{process}/discard              org
GET    /org/{org}/workspace/{workspace}/process          reader
GET    /actor/conn                                                                       all
GET    /connection                                                                       tenant
GET    /connection/{connection}                                                          tenant
POST   /connection/{connection}/test                                                     tenant
GET    /connection/{connection}/workspace                                                tenant
GET    /connection/{node}/permission                                                     tenant
POST   /connection/{node}/permission                                                     tenant
DELETE /connection/{node}/permission/{permission}                                        tenant
GET    /connection/{node}/permission/{permission}                                        tenant
PATCH  /connection/{node}/permission/{permission}                                        tenant
GET    /connection_folder                                                                tenant
GET    /connection_folder/{folder}                                                       tenant
GET    /connection_folder/{folder}/workspace                                             tenant
GET    /connection_folder/{node}/permission                                              tenant
POST   /connection_folder/{node}/permission                                              tenant
DELETE /connection_folder/{node}/permission/{permission}                                 tenant
GET    /connection_folder/{node}/permission/{permission}                                 tenant
PATCH  /connection_folder/{node}/permission/{permission}                                 tenant
GET    /connection_tree                                                                  tenant
GET    /org/{org}/conn                                                                   org member
GET    /org/{org}/conn/{connection}                                                      org
POST   /org/{org}/conn/{connection}/test                                                 org
GET    /org/{org}/conn/{connection}/workspace                                            org
GET    /org/{org}/connection                                                             org member
GET    /org/{org}/connection/{connection}                                                org
POST   /org/{org}/connection/{connection}/test                                           org
GET    /org/{org}/connection/{connection}/workspace                                      org
GET    /org/{org}/connection/{node}/permission                                           org
POST   /org/{org}/connection/{node}/permission                                           org
DELETE /org/{org}/connection/{node}/permission/{permission}                              org
GET    /org/{org}/connection/{node}/permission/{permission}                              org
PATCH  /org/{org}/connection/{node}/permission/{permission}                              org
GET    /org/{org}/connection_folder                                                      org
GET    /org/{org}/connection_folder/{folder}                                             org
GET    /org/{org}/connection_folder/{folder}/workspace                                   org
GET    /org/{org}/connection_folder/{node}/permission                                    org
POST   /org/{org}/connection_folder/{node}/permission                                    org
DELETE /org/{org}/connection_folder/{node}/permission/{permission}                       org
GET    /org/{org}/connection_folder/{node}/permission/{permission}                       org
PATCH  /org/{org}/connection_folder/{node}/permission/{permission}                       org
GET    /org/{org}/connection_tree                                                        org
PATCH  /org/{org}/workspace/{workspace}                                                  workspace
GET    /org/{org}/workspace/{workspace}/aggregator                                       reader
POST   /org/{org}/workspace/{workspace}/aggregator                                       workspace
DELETE /org/{org}/workspace/{workspace}/aggregator/{aggregator}                          workspace
GET    /org/{org}/workspace/{workspace}/aggregator/{aggregator}                          reader
PATCH  /org/{org}/workspace/{workspace}/aggregator/{aggregator}                          workspace
GET    /org/{org}/workspace/{workspace}/aggregator/{aggregator}/connection               reader
GET    /org/{org}/workspace/{workspace}/aggregator/{aggregator}/connection/{connection}  reader
GET    /org/{org}/workspace/{workspace}/conn                                             reader
POST   /org/{org}/workspace/{workspace}/conn                                             workspace
DELETE /org/{org}/workspace/{workspace}/conn/{connection}                                workspace
GET    /org/{org}/workspace/{workspace}/conn/{connection}                                reader
GET    /org/{org}/workspace/{workspace}/connection                                       reader
GET    /org/{org}/workspace/{workspace}/connection/{connection}                          reader
POST   /org/{org}/workspace/{workspace}/connection/{connection}/test                     workspace
GET    /org/{org}/workspace/{workspace}/connection_folder                                reader
GET    /org/{org}/workspace/{workspace}/connection_folder/{folder}                       reader
GET    /org/{org}/workspace/{workspace}/connection_tree                                  reader
GET    /org/{org}/workspace/{workspace}/schema                                           reader
POST   /org/{org}/workspace/{workspace}/schema                                           workspace
DELETE /org/{org}/workspace/{workspace}/schema/{name}                                    workspace
GET    /org/{org}/workspace/{workspace}/schema/{name}                                    reader
POST   /connection                                                  tenant
DELETE /connection/{connection}                                     tenant
PATCH  /connection/{connection}                                     tenant
POST   /connection_folder                                           tenant
DELETE /connection_folder/{folder}                                  tenant
PATCH  /connection_folder/{folder}                                  tenant
POST   /org/{org}/conn                                              org
DELETE /org/{org}/conn/{connection}                                 org
PATCH  /org/{org}/conn/{connection}                                 org
POST   /org/{org}/connection                                        org
DELETE /org/{org}/connection/{connection}                           org
PATCH  /org/{org}/connection/{connection}                           org
POST   /org/{org}/connection_folder                                 org
DELETE /org/{org}/connection_folder/{folder}                        org
PATCH  /org/{org}/connection_folder/{folder}                        org
POST   /org/{org}/workspace/{workspace}/connection                  workspace
DELETE /org/{org}/workspace/{workspace}/connection/{connection}     workspace
PATCH  /org/{org}/workspace/{workspace}/connection/{connection}     workspace
POST   /org/{org}/workspace/{workspace}/connection_folder           workspace
DELETE /org/{org}/workspace/{workspace}/connection_folder/{folder}  workspace
PATCH  /org/{org}/workspace/{workspace}/connection_folder/{folder}  workspace
GET    /integration/{integration}/schedule                                          tenant
GET    /org/{org}/integration/{integration}/schedule                                org
PATCH  /integration/{integration}/schedule                                          tenant
PATCH  /org/{org}/integration/{integration}/schedule                                org
GET    /integration/{integration}/deletion_limit                                    tenant
GET    /org/{org}/integration/{integration}/deletion_limit                          org
PATCH  /integration/{integration}/deletion_limit                                    tenant
PATCH  /org/{org}/integration/{integration}/deletion_limit                          org
GET    /integration/{integration}/health                                            tenant
GET    /org/{org}/integration/{integration}/health                                  org
POST   /integration/{integration}/health/test                                       tenant
POST   /org/{org}/integration/{integration}/health/test                             org
GET    /integration/{integration}/preview                                           tenant
GET    /org/{org}/integration/{integration}/preview                                 org
POST   /integration/{integration}/preview                                           tenant
POST   /org/{org}/integration/{integration}/preview                                 org
DELETE /integration/{integration}/preview                                           tenant
DELETE /org/{org}/integration/{integration}/preview                                 org
GET    /integration/{integration}/preview/change                                    tenant
GET    /org/{org}/integration/{integration}/preview/change                          org
POST   /integration/{integration}/preview/sync                                      tenant
POST   /org/{org}/integration/{integration}/preview/sync                            org
GET    /integration/{integration}/selection                                         tenant
GET    /org/{org}/integration/{integration}/selection                               org
GET    /integration/{integration}/selection/trial                                   tenant
GET    /org/{org}/integration/{integration}/selection/trial                         org
POST   /integration/{integration}/selection/trial                                   tenant
POST   /org/{org}/integration/{integration}/selection/trial                         org
PATCH  /integration/{integration}/selection/trial                                   tenant
PATCH  /org/{org}/integration/{integration}/selection/trial                         org
DELETE /integration/{integration}/selection/trial                                   tenant
DELETE /org/{org}/integration/{integration}/selection/trial                         org
POST   /integration/{integration}/selection/trial/read                              tenant
POST   /org/{org}/integration/{integration}/selection/trial/read                    org
POST   /integration/{integration}/selection/trial/save                              tenant
POST   /org/{org}/integration/{integration}/selection/trial/save                    org
GET    /integration/{integration}/selection/trial/change                            tenant
GET    /org/{org}/integration/{integration}/selection/trial/change                  org
GET    /integration/{integration}/selection/trial/node                              tenant
GET    /org/{org}/integration/{integration}/selection/trial/node                    org
GET    /connection/{connection}/health                                              tenant
GET    /org/{org}/connection/{connection}/health                                    org
GET    /org/{org}/workspace/{workspace}/connection/{connection}/health              workspace
POST   /connection/{connection}/health/test                                         tenant
POST   /org/{org}/connection/{connection}/health/test                               org
POST   /org/{org}/workspace/{workspace}/connection/{connection}/health/test         workspace
GET    /integration/{integration}/notification/email                                tenant
GET    /org/{org}/integration/{integration}/notification/email                      org
PATCH  /integration/{integration}/notification/email                                tenant
PATCH  /org/{org}/integration/{integration}/notification/email                      org
POST   /integration/{integration}/notification/email/ask                            tenant
POST   /org/{org}/integration/{integration}/notification/email/ask                  org
POST   /integration/{integration}/notification/email/test                           tenant
POST   /org/{org}/integration/{integration}/notification/email/test                 org
GET    /integration/{integration}/notification/webhook                              tenant
GET    /org/{org}/integration/{integration}/notification/webhook                    org
POST   /integration/{integration}/notification/webhook                              tenant
POST   /org/{org}/integration/{integration}/notification/webhook                    org
GET    /integration/{integration}/notification/webhook/{webhook}                    tenant
GET    /org/{org}/integration/{integration}/notification/webhook/{webhook}          org
PATCH  /integration/{integration}/notification/webhook/{webhook}                    tenant
PATCH  /org/{org}/integration/{integration}/notification/webhook/{webhook}          org
DELETE /integration/{integration}/notification/webhook/{webhook}                    tenant
DELETE /org/{org}/integration/{integration}/notification/webhook/{webhook}          org
POST   /integration/{integration}/notification/webhook/{webhook}/rotate             tenant
POST   /org/{org}/integration/{integration}/notification/webhook/{webhook}/rotate   org
POST   /integration/{integration}/notification/webhook/{webhook}/end_former_secret  tenant
POST   /org/{org}/integration/{integration}/notification/webhook/{webhook}/end_former_secret  org
POST   /integration/{integration}/notification/webhook/{webhook}/test               tenant
POST   /org/{org}/integration/{integration}/notification/webhook/{webhook}/test     org
GET    /integration/{integration}/notification/delivery                             tenant
GET    /org/{org}/integration/{integration}/notification/delivery                   org
POST   /integration/{integration}/notification/delivery/{delivery}/send             tenant
POST   /org/{org}/integration/{integration}/notification/delivery/{delivery}/send   org
GET    /service_account                                                    tenant
POST   /service_account                                                    tenant
GET    /service_account/{account}                                          tenant
PATCH  /service_account/{account}                                          tenant
DELETE /service_account/{account}                                          tenant
GET    /service_account/{account}/token                                    tenant
POST   /service_account/{account}/token                                    tenant
GET    /service_account/{account}/token/{token_id}                         tenant
PATCH  /service_account/{account}/token/{token_id}                         tenant
DELETE /service_account/{account}/token/{token_id}                         tenant
GET    /tenant/{tenant}/service_account                                    tenant
POST   /tenant/{tenant}/service_account                                    tenant
GET    /tenant/{tenant}/service_account/{account}                          tenant
PATCH  /tenant/{tenant}/service_account/{account}                          tenant
DELETE /tenant/{tenant}/service_account/{account}                          tenant
GET    /tenant/{tenant}/service_account/{account}/token                    tenant
POST   /tenant/{tenant}/service_account/{account}/token                    tenant
GET    /tenant/{tenant}/service_account/{account}/token/{token_id}         tenant
PATCH  /tenant/{tenant}/service_account/{account}/token/{token_id}         tenant
DELETE /tenant/{tenant}/service_account/{account}/token/{token_id}         tenant
GET    /org/{org}/service_account                                          org
POST   /org/{org}/service_account                                          org
GET    /org/{org}/service_account/{account}                                org
PATCH  /org/{org}/service_account/{account}                                org
DELETE /org/{org}/service_account/{account}                                org
GET    /org/{org}/service_account/{account}/token                          org
POST   /org/{org}/service_account/{account}/token                          org
GET    /org/{org}/service_account/{account}/token/{token_id}               org
PATCH  /org/{org}/service_account/{account}/token/{token_id}               org
DELETE /org/{org}/service_account/{account}/token/{token_id}               org
GET    /integration/{integration}/delegate  tenant
POST   /integration/{integration}/delegate  tenant
DELETE /integration/{integration}/delegate/{user}/{permission}  tenant
GET    /org/{org}/integration/{integration}/delegate  org
POST   /org/{org}/integration/{integration}/delegate  org
DELETE /org/{org}/integration/{integration}/delegate/{user}/{permission}  org
GET    /connection/{node}/delegate  tenant
POST   /connection/{node}/delegate  tenant
DELETE /connection/{node}/delegate/{user}/{permission}  tenant
GET    /org/{org}/connection/{node}/delegate  org
POST   /org/{org}/connection/{node}/delegate  org
DELETE /org/{org}/connection/{node}/delegate/{user}/{permission}  org
GET    /connection_folder/{node}/delegate  tenant
POST   /connection_folder/{node}/delegate  tenant
DELETE /connection_folder/{node}/delegate/{user}/{permission}  tenant
GET    /org/{org}/connection_folder/{node}/delegate  org
POST   /org/{org}/connection_folder/{node}/delegate  org
DELETE /org/{org}/connection_folder/{node}/delegate/{user}/{permission}  org
GET    /tenant/{tenant}/delegate  tenant
POST   /tenant/{tenant}/delegate  tenant
DELETE /tenant/{tenant}/delegate/{user}/{permission}  tenant
GET    /org/{org}/delegate  org
POST   /org/{org}/delegate  org
DELETE /org/{org}/delegate/{user}/{permission}  org
GET    /org/{org}/workspace/{workspace}/delegate  workspace
POST   /org/{org}/workspace/{workspace}/delegate  workspace
DELETE /org/{org}/workspace/{workspace}/delegate/{user}/{permission}  workspace
"""
# Which verbs open a route to a delegate, who has no other right to it: any of them alone, and no other one.
SHARE, CONFIGURE = ("share_folder", "share_connection"), ("configure_folder", "configure_connection")
SEE = (*SHARE, *CONFIGURE)
USE, MANAGE = ("use_schemas", "manage_schemas"), ("manage_schemas",)
SYNC, APPROVE = ("sync_integration",), ("approve_removals",)
PROCESSES, SETTINGS = (*SYNC, *APPROVE), ("configure_integration",)
VIEW = ("view_integration", *PROCESSES, *SETTINGS)
_OF = "/integration/{integration}"
_SETTINGS: dict[str, tuple[str, ...]] = {
    "": ("PATCH",),
    "/test": ("POST",),
    "/schedule": ("GET", "PATCH"),
    "/deletion_limit": ("GET", "PATCH"),
    "/selection": ("GET",),
    "/selection/trial": ("GET", "POST", "PATCH", "DELETE"),
    "/selection/trial/read": ("POST",),
    "/selection/trial/save": ("POST",),
    "/selection/trial/change": ("GET",),
    "/selection/trial/node": ("GET",),
    "/notification/email": ("GET", "PATCH"),
    "/notification/email/ask": ("POST",),
    "/notification/email/test": ("POST",),
    "/notification/webhook": ("GET", "POST"),
    "/notification/webhook/{webhook}": ("GET", "PATCH", "DELETE"),
    "/notification/webhook/{webhook}/rotate": ("POST",),
    "/notification/webhook/{webhook}/end_former_secret": ("POST",),
    "/notification/webhook/{webhook}/test": ("POST",),
    "/notification/delivery": ("GET",),
    "/notification/delivery/{delivery}/send": ("POST",),
}
DELEGATED: dict[str, tuple[str, ...]] = {
    "GET /integration": VIEW,
    f"GET {_OF}": VIEW,
    f"GET {_OF}/health": VIEW,
    f"POST {_OF}/health/test": SYNC,
    f"POST {_OF}/command": SYNC,
    f"POST {_OF}/preview": SYNC,
    f"GET {_OF}/preview": SYNC,
    f"DELETE {_OF}/preview": SYNC,
    f"GET {_OF}/preview/change": SYNC,
    f"POST {_OF}/preview/sync": SYNC,
    f"GET {_OF}/process": PROCESSES,
    "GET /process": PROCESSES,
    "GET /process/{process}": PROCESSES,
    "GET /process/{process}/change": PROCESSES,
    "GET /process/{process}/log/{file}": PROCESSES,
    "POST /process/{process}/approve": APPROVE,
    "POST /process/{process}/discard": APPROVE,
    **{f"{method} {_OF}{path}": SETTINGS for path, methods in _SETTINGS.items() for method in methods},
    "GET /connection": SEE,
    "GET /connection/{connection}": SEE,
    "PATCH /connection/{connection}": CONFIGURE,
    "POST /connection/{connection}/test": SEE,
    "GET /connection/{connection}/health": SEE,
    "POST /connection/{connection}/health/test": CONFIGURE,
    "GET /conn/{connection}": SEE,
    "PATCH /conn/{connection}": CONFIGURE,
    "POST /conn/{connection}/test": SEE,
    "GET /connection_folder": SEE,
    "GET /connection_folder/{folder}": ("share_folder", "configure_folder"),
    "PATCH /connection_folder/{folder}": ("configure_folder",),
    "GET /connection_tree": SEE,
    "GET /connection_tree/stream": SEE,
    "GET /connection/{node}/permission": SHARE,
    "POST /connection/{node}/permission": SHARE,
    "GET /connection/{node}/permission/{permission}": SHARE,
    "PATCH /connection/{node}/permission/{permission}": SHARE,
    "DELETE /connection/{node}/permission/{permission}": SHARE,
    "GET /connection_folder/{node}/permission": ("share_folder",),
    "POST /connection_folder/{node}/permission": ("share_folder",),
    "GET /connection_folder/{node}/permission/{permission}": ("share_folder",),
    "PATCH /connection_folder/{node}/permission/{permission}": ("share_folder",),
    "DELETE /connection_folder/{node}/permission/{permission}": ("share_folder",),
    "GET /audit_log": ("view_audit_log",),
    "GET /workspace/{workspace}": USE,
    "PATCH /workspace/{workspace}": MANAGE,
    "POST /workspace/{workspace}/connection": MANAGE,
    "GET /workspace/{workspace}/aggregator": USE,
    "POST /workspace/{workspace}/aggregator": MANAGE,
    "DELETE /workspace/{workspace}/aggregator/{aggregator}": MANAGE,
    "GET /workspace/{workspace}/aggregator/{aggregator}": USE,
    "PATCH /workspace/{workspace}/aggregator/{aggregator}": MANAGE,
    "GET /workspace/{workspace}/aggregator/{aggregator}/connection": USE,
    "GET /workspace/{workspace}/aggregator/{aggregator}/connection/{connection}": USE,
    "GET /workspace/{workspace}/conn": USE,
    "POST /workspace/{workspace}/conn": MANAGE,
    "DELETE /workspace/{workspace}/conn/{connection}": MANAGE,
    "GET /workspace/{workspace}/conn/{connection}": USE,
    "GET /workspace/{workspace}/connection": USE,
    "GET /workspace/{workspace}/connection/{connection}": USE,
    "GET /workspace/{workspace}/connection_folder": USE,
    "GET /workspace/{workspace}/connection_folder/{folder}": USE,
    "GET /workspace/{workspace}/connection_tree": USE,
    "GET /workspace/{workspace}/schema": USE,
    "POST /workspace/{workspace}/schema": MANAGE,
    "DELETE /workspace/{workspace}/schema/{name}": MANAGE,
    "GET /workspace/{workspace}/schema/{name}": USE,
}
# There is none, for anybody.
NEVER_THERE = {("GET", "/org/{org}/workspace/{workspace}/process/{process}")}
ROWS = [re.split(r"\s{2,}|(?<=[A-Z])\s+(?=/)", line.strip()) for line in TABLE.strip().splitlines()]

# Of each group who may, and who may not but belongs to the place all the same: they are told why.
PEOPLE = (*INSIDE, "stranger", "nobody", "ended")
_IN_ORG = ("tenant_owner", *PEOPLE[2:7])
_IN_WORKSPACE = ("tenant_owner", "org_owner", *PEOPLE[4:7])
MAY = {
    "all": (INSIDE, INSIDE),
    "tenant": (("tenant_owner",), INSIDE),
    "nobody": ((), INSIDE),
    "org member": (_IN_ORG, _IN_ORG),
    "org": (("tenant_owner", "org_owner"), _IN_ORG),
    "reader": (_IN_WORKSPACE, _IN_WORKSPACE),
    "workspace": (("tenant_owner", "org_owner", "workspace_owner"), _IN_WORKSPACE),
    "self": (("reader",), ("reader",)),
}


def test_the_table_has_every_route() -> None:
    declared = {(route.method, route.path) for routes in ROUTES for route in routes.declared}
    assert {(method, path) for method, path, _ in ROWS} == declared - NEVER_THERE
    assert len(ROWS) == len(declared - NEVER_THERE)


@pytest.fixture(scope="module")
def made_once(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """All that rows ask about, in one transaction; at each level its holder has every verb on all of it."""
    with django_db_blocker.unblock(), prepared() as world:
        for level, holder in world.holders.items():
            here = world.at[level]
            _delegate(here.scope, here.to_delegate, holder, Verb, by=world.cast.tenant_owner)
        yield world


@pytest.fixture
def world(made_once: World) -> Iterator[World]:
    """The same for each row, which undoes what it does."""
    with undone(made_once) as copied:
        yield copied


def _scope(cast: Cast, path: str) -> Scope:
    is_inside = path.startswith("/org/{org}/workspace/{workspace}")
    return cast.at_workspace if is_inside else cast.at_org if path.startswith("/org/{org}") else cast.at_tenant


def _begin(of: Integration, path: str, by: User) -> None:
    """Put the trial there that a path is about, read and ready."""
    about = "preview" if "/preview" in path else "selection" if "/selection" in path else ""
    if about:
        trial = settings_trial.begin(of, of, about=SettingsTrial.About(about), by=by)
        read = Snapshot("o-acme123456", "100000000000", (SnapshotFolder("r-ab12", None, "Root"),), ())
        SettingsTrial.objects.filter(pk=trial.pk).update(state=SettingsTrial.State.READY, snapshot=pack(read))


@pytest.mark.parametrize(("method", "path", "group"), ROWS, ids=lambda text: str(text).replace("/", "."))
def test_each_gets_what_the_table_says(method: str, path: str, group: str, world: World, client: Client) -> None:
    cast, at_tenant = world.cast, not path.startswith("/org")
    place = _scope(cast, path)
    here, kind = world.at[place.level], "folder" if "_folder/" in path else "connection"
    made, by = here.integration, cast.tenant_owner if at_tenant else cast.org_owner
    with isolation.as_tenant(cast.acme.pk):
        token = Token.objects.get(user=here.account if "{account}" in path else cast.reader).public_id
        _begin(made, path, by)
    things = here.things | {"node": here.things[kind]}
    things |= {"permission": here.grants[kind]} if here.grants else {}
    named = {"org": "tnt", "workspace": cast.fireworks.public_id, "user": cast.reader.public_id, "tenant": "acme"}
    named |= here.named | {"file": "sync.log"}
    named |= {name: thing.public_id for name, thing in things.items()} | {"name": things["connection"].handle}
    if "/delegate/" in path:
        named["permission"] = _delegate_one(place, path, here.to_delegate, cast)
    url = path.format(**named, identity="reader", email=cast.reader.email, token_id=token)
    may, inside = MAY[group]

    def ask(name: str) -> Any:
        return client.generic(
            method,
            f"/api/v0{url}",
            json.dumps({}) if method in ("POST", "PATCH") else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {world.sent[name]}"},
        )

    for name in PEOPLE:
        with transaction.atomic():
            answer = ask(name)
            transaction.set_rollback(True)
        assert answer["Content-Type"] == "application/json" or answer.status_code == 204 or path.endswith("/stream")
        expected = 401 if name in ("nobody", "ended") else 403 if name in inside or path == "/tenant" else 404
        # Their own tenant has the same paths: there a stranger is at home, and finds theirs.
        is_own = name == "stranger" and group in ("all", "tenant") and "{" not in path
        if name in may or is_own:
            assert answer.status_code in (200, 201, 204, 400, 402, 409), (name, answer.content)
        elif name == "stranger" and at_tenant and answer.status_code == 400:
            pass  # it is read before it is known that there is nothing of theirs to do it to
        else:
            assert answer.status_code == expected, (name, answer.content)
            assert answer.json()["detail"]

    delegate = "tenant_member" if at_tenant else "org_member"
    if delegate in may:
        return
    opens = DELEGATED.get(f"{method} {re.sub(_PLACES, '', path)}", ())
    things = here.to_delegate
    for verb in opens:
        with transaction.atomic():
            _delegate(place, things, getattr(cast, delegate), [verb], by=cast.tenant_owner)
            answer = ask(delegate)
            transaction.set_rollback(True)
        assert answer.status_code in (200, 201, 204, 400, 402, 409), (verb, answer.content)
    with transaction.atomic():
        _delegate(place, things, world.holders[place.level], opens, by=cast.tenant_owner, act=delegates.end)
        answer = ask(f"{place.level} holder")
        transaction.set_rollback(True)
    assert answer.status_code in (403, 404), (opens, answer.content)


_PLACES: Final = r"^/org/\{org\}(?=/)|^/tenant/\{tenant\}(?=/)"


def _delegate(
    scope: Scope,
    things: dict[str, Any],
    to: User,
    verbs: Iterable[str],
    *,
    by: User,
    act: Callable[..., list[Verb]] = delegates.delegate,
) -> None:
    """Let somebody do this to the things of a scope that it is for; or, by another act, no more."""
    with isolation.as_tenant(scope.tenant.pk):
        owner = Access(by, scope, tuple(Membership.objects.filter(user=by)))
        for kind, of_kind in VERBS_OF.items():
            wanted = [verb for verb in of_kind if verb in verbs]
            if kind in things and wanted and not (scope.workspace and kind == "integration"):
                assert {*act(access=owner, thing=things[kind], user=to, verbs=wanted)} == {*wanted}


def _delegate_one(scope: Scope, path: str, things: dict[str, Any], cast: Cast) -> str:
    """Delegate something to the reader on what a path is about, and give the verb."""
    about = re.findall(r"/(integration|connection|folder)/|_(folder)/", path)
    kind = next(filter(None, about[0])) if about else str(scope.place._meta.model_name)
    verb = VERBS_OF[kind][0]
    _delegate(scope, {kind: things[kind]}, cast.reader, [verb], by=cast.tenant_owner)
    return verb


def test_what_is_delegated_is_a_route() -> None:
    assert set(DELEGATED) <= {f"{method} {re.sub(_PLACES, '', path)}" for method, path, _ in ROWS}
