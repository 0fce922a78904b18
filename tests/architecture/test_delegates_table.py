"""Who may open what because it was delegated to them: every URL, and the status that holders of one verb get.

Each is a plain member who holds one verb on one thing of its kind at each level. What is not listed they are answered
as any plain member is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client

from connections.models import Connection, Folder
from integrations.models import Integration
from tests.architecture.everything import Everything
from tests.architecture.test_permissions_table import ROWS, URLS, Row, ask, everything, sign_in
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Access, Scope
from workspaces.delegation.verbs import Verb
from workspaces.models import Membership, User
from workspaces.people import delegates

pytestmark = [pytest.mark.neutral, pytest.mark.sweep]
__all__ = ["everything"]

# Rows: name of a URL, the level, and method → status; "both" levels are the tenant and an organization.
_VIEW = """
integration_list                both  GET  200
integration_detail              both  GET  200
integration_folder              both  GET  200
integration_picture             both  GET  200
"""
_PROCESSES = """
run_list                        both  GET  200
run_detail                      both  GET  200
"""
_SYNC = """
integration_sync                both  POST 302
integration_preview             both  GET  302
failing_test                    both  POST 302
"""
_CONFIGURE = """
integration_config              both  GET  200
integration_discovery_settings  both  POST 200
integration_connection_settings both  POST 200
integration_download            both  GET  200
integration_rotate              both  GET  200
integration_trial               both  GET  200
integration_selection           both  GET  302
integration_advanced            both  GET  200
integration_schedule            both  POST 200
integration_limit               both  POST 200
integration_notifications       both  GET  200
notifications_test              both  POST 302
address_ask                     both  POST 302
delivery_send                   both  POST 302
webhook_create                  both  GET  200
webhook_detail                  both  GET  200
webhook_rotate                  both  GET  200
webhook_end_former              both  GET  200
webhook_delete                  both  GET  200
webhook_test                    both  POST 302
integration_inlet               both  GET  200
integration_inlet               both  POST 302
integration_inlet_rotate        both  GET  200
integration_inlet_close         both  POST 302
integration_inlet_template      both  GET  200
"""
_USE = """
workspace_home                  workspace GET  302
search                          workspace GET  200
connection_list                 workspace GET  200
node_export                     workspace GET  200
schema_list                     workspace GET  200
folder_detail                   workspace GET  200
connection_detail               workspace GET  200
aggregator_list                 workspace GET  200
aggregator_all_aws              workspace GET  200
aggregator_detail               workspace GET  200
search_path                     workspace GET  200
"""
_MANAGE = """
folder_add                      workspace POST 302
folder_remove                   workspace POST 302
connection_add                  workspace POST 302
connection_remove               workspace POST 302
many_schema                     workspace POST 302
aggregator_create               workspace GET  200
aggregator_detail               workspace POST 200
aggregator_delete               workspace GET  200
search_path                     workspace POST 302
"""
_LOG = """
audit_log                       both  GET  200
audit_object                    both  GET  302
audit_log_csv                   both  GET  200
"""
_SEE = """
connection_list                 both  GET  200
node_export                     both  GET  200
connection_detail               both  GET  200
"""
_SEE_FOLDER = """
folder_detail                   both  GET  200
folder_settings                 both  GET  200
"""
_SHARE = """
connection_permissions          both  GET  200
many_permissions                both  POST 302
"""
_SHARE_FOLDER = """
folder_permissions              both  GET  200
"""
_OPTIONS = """
connection_handle               both  GET  200
connection_config               both  GET  200
connection_test                 both  POST 302
connection_advanced             both  GET  200
connection_access               both  GET  200
access_options                  both  POST 200
many_options                    both  POST 302
many_test                       both  POST 302
"""
_OPTIONS_OF_FOLDER = """
folder_handle                   both  GET  200
folder_config                   both  GET  200
folder_advanced                 both  GET  200
"""
# Verb → what opens to its holders. The method is GET, or POST as in the table of everybody.
OPENS = {
    Verb.VIEW_INTEGRATION: _VIEW,
    Verb.SYNC_INTEGRATION: _VIEW + _PROCESSES + _SYNC,
    Verb.APPROVE_REMOVALS: _VIEW + _PROCESSES,
    Verb.CONFIGURE_INTEGRATION: _VIEW + _CONFIGURE,
    Verb.USE_SCHEMAS: _USE,
    Verb.MANAGE_SCHEMAS: _USE + _MANAGE,
    Verb.VIEW_AUDIT_LOG: _LOG,
    Verb.SHARE_CONNECTION: _SEE + _SHARE,
    Verb.SHARE_FOLDER: _SEE + _SEE_FOLDER + _SHARE + _SHARE_FOLDER,
    Verb.CONFIGURE_CONNECTION: _SEE + _OPTIONS,
    Verb.CONFIGURE_FOLDER: _SEE + _SEE_FOLDER + _OPTIONS + _OPTIONS_OF_FOLDER,
}
_LEVELS = {"both": ("tenant", "org")}


def opens(verb: Verb) -> dict[tuple[str, str, str], str]:
    rows = [line.split() for line in OPENS[verb].split("\n") if line]
    return {(name, level, how): to for name, levels, how, to in rows for level in _LEVELS.get(levels, (levels,))}


def _integrations(cast: Cast, everything: Everything) -> Sequence[tuple[object, Scope, User]]:
    return [
        (Integration.objects.get(handle="of-tenant"), cast.at_tenant, cast.tenant_member),
        (Integration.objects.get(handle="of-org"), cast.at_org, cast.org_member),
    ]


def _nodes(model: type[Folder] | type[Connection]) -> "Given":
    """All of them, discovered and made by hand, of the tenant and of the organization."""

    def given(cast: Cast, everything: Everything) -> Sequence[tuple[object, Scope, User]]:
        places = (cast.at_tenant, cast.tenant_member), (cast.at_org, cast.org_member)
        return [(node, scope, user) for scope, user in places for node in model._default_manager.filter(**scope.keys)]

    return given


def _workspace(cast: Cast, everything: Everything) -> Sequence[tuple[object, Scope, User]]:
    return [(cast.fireworks, cast.at_workspace, cast.org_member)]


def _places(cast: Cast, everything: Everything) -> Sequence[tuple[object, Scope, User]]:
    return [(cast.acme, cast.at_tenant, cast.tenant_member), (cast.tnt, cast.at_org, cast.org_member)]


Given = Callable[[Cast, Everything], Sequence[tuple[object, Scope, User]]]
# How each verb is given: things, the scope of each, and the plain member of that who holds it.
THINGS: dict[Verb, Given] = {
    **dict.fromkeys(OPENS, _integrations),
    **dict.fromkeys((Verb.USE_SCHEMAS, Verb.MANAGE_SCHEMAS), _workspace),
    Verb.VIEW_AUDIT_LOG: _places,
    **dict.fromkeys((Verb.SHARE_FOLDER, Verb.CONFIGURE_FOLDER), _nodes(Folder)),
    **dict.fromkeys((Verb.SHARE_CONNECTION, Verb.CONFIGURE_CONNECTION), _nodes(Connection)),
}


_OPENERS: dict[tuple[str, str, str], dict[Verb, str]] = {}
for _verb in OPENS:
    for _opened, _status in opens(_verb).items():
        _OPENERS.setdefault(_opened, {})[_verb] = _status
_HOLDERS = {"tenant": "tenant_member", "org": "org_member", "workspace": "org_member"}


def _key(row: Row) -> tuple[str, str, str]:
    return row.name, row.level, row.method


@contextmanager
def _holding(cast: Cast, everything: Everything, verbs: Iterable[Verb]) -> Iterator[None]:
    """Give these verbs to the plain members, for a while."""
    with transaction.atomic():
        with isolation.as_tenant(cast.acme.pk):
            memberships = tuple(Membership.objects.filter(user=cast.tenant_owner, tenant=cast.acme))
            for verb in verbs:
                for thing, scope, member in THINGS[verb](cast, everything):
                    owner = Access(cast.tenant_owner, scope, memberships)
                    delegates.delegate(access=owner, thing=thing, user=member, verbs=[verb])  # type: ignore[arg-type]
        yield
        transaction.set_rollback(True)


def _answer(everything: Everything, client: Client, row: Row) -> str:
    url = everything.url(row.name, row.level, URLS[row.name, row.level])
    return str(ask(client, row.method, url).status_code)


def test_each_verb_alone_opens_what_its_list_says(cast: Cast, everything: Everything) -> None:
    wrong, rows = [], {_key(row): row for row in ROWS}
    assert set(_OPENERS) <= set(rows)
    clients = {who: sign_in(cast, who) for who in set(_HOLDERS.values())}
    for verb in OPENS:
        with _holding(cast, everything, [verb]):
            for key, to in opens(verb).items():
                got = _answer(everything, clients[_HOLDERS[key[1]]], rows[key])
                wrong += [f"{verb} {key} {got}, not {to}"] if got != to else []
    assert wrong == []


def test_all_other_verbs_together_do_not_open_it(cast: Cast, everything: Everything) -> None:
    """Of each URL that is: what is in no list answers those who hold everything as it does any plain member."""
    wrong = []
    clients = {who: sign_in(cast, who) for who in set(_HOLDERS.values())}
    for openers in {frozenset(_OPENERS.get(_key(row), ())) for row in ROWS}:
        with _holding(cast, everything, set(OPENS) - openers):
            for row in ROWS:
                if set(_OPENERS.get(_key(row), ())) != openers:
                    continue
                who = _HOLDERS.get(row.level, "org_member")
                plain = row.statuses[_COLUMN[who]]
                allowed = {plain, "403"} if plain == "404" else {plain}  # they may know by now that it is there
                got = _answer(everything, clients[who], row)
                wrong += [f"{_key(row)} {got}, not {plain}"] if got not in allowed else []
    assert wrong == []


def test_each_verb_has_its_list() -> None:
    assert set(OPENS) == set(Verb)


_COLUMN = {"tenant_member": 1, "org_member": 3}
