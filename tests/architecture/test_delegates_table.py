"""Who may open what because it was delegated to them: every URL, and the status that holders of one verb get.

Each is a plain member who holds one verb on one thing of its kind at each level. What is not listed they are answered
as any plain member is.
"""

from collections.abc import Callable, Sequence

import pytest

from integrations.models import Integration
from tests.architecture.everything import Everything
from tests.architecture.test_permissions_table import ROWS, URLS, ask, everything, sign_in
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
# Verb → what opens to its holders. The method is GET, or POST as in the table of everybody.
OPENS = {
    Verb.VIEW_INTEGRATION: _VIEW,
    Verb.SYNC_INTEGRATION: _VIEW + _PROCESSES + _SYNC,
    Verb.APPROVE_REMOVALS: _VIEW + _PROCESSES,
    Verb.CONFIGURE_INTEGRATION: _VIEW + _CONFIGURE,
    Verb.USE_SCHEMAS: _USE,
    Verb.MANAGE_SCHEMAS: _USE + _MANAGE,
    Verb.VIEW_AUDIT_LOG: _LOG,
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


def _workspace(cast: Cast, everything: Everything) -> Sequence[tuple[object, Scope, User]]:
    return [(cast.fireworks, cast.at_workspace, cast.org_member)]


def _places(cast: Cast, everything: Everything) -> Sequence[tuple[object, Scope, User]]:
    return [(cast.acme, cast.at_tenant, cast.tenant_member), (cast.tnt, cast.at_org, cast.org_member)]


# How each verb is given: things, the scope of each, and the plain member of that who holds it.
THINGS: dict[Verb, Callable[[Cast, Everything], Sequence[tuple[object, Scope, User]]]] = {
    **dict.fromkeys(OPENS, _integrations),
    **dict.fromkeys((Verb.USE_SCHEMAS, Verb.MANAGE_SCHEMAS), _workspace),
    Verb.VIEW_AUDIT_LOG: _places,
}


@pytest.mark.parametrize("verb", OPENS)
def test_holders_of_a_verb_open_what_the_list_says(cast: Cast, everything: Everything, verb: Verb) -> None:
    with isolation.as_tenant(cast.acme.pk):
        memberships = tuple(Membership.objects.filter(user=cast.tenant_owner, tenant=cast.acme))
        given = THINGS[verb](cast, everything)
        for thing, scope, member in given:
            owner = Access(cast.tenant_owner, scope, memberships)
            assert delegates.delegate(access=owner, thing=thing, user=member, verbs=[verb])  # type: ignore[arg-type]
    wrong, said = [], opens(verb)
    for who in ("tenant_member", "org_member"):
        own_levels = {scope.level for _, scope, member in given if member == getattr(cast, who)}
        client = sign_in(cast, who)
        for row in ROWS:
            url = everything.url(row.name, row.level, URLS[row.name, row.level])
            before = row.statuses[_COLUMN[who]]
            is_theirs = row.level in own_levels
            if is_theirs and before == "404":
                before = "403"  # they know by now that it is there
            key = (row.name, row.level, row.method)
            expected = said.get(key, before) if is_theirs else before
            got = str(ask(client, row.method, url).status_code)
            if got != expected:
                wrong.append(f"{who} {row.name} {row.level} {row.method} {got}, not {expected}")
    assert wrong == []
    assert set(said) <= {(row.name, row.level, row.method) for row in ROWS}


_COLUMN = {"tenant_member": 1, "org_member": 3}
