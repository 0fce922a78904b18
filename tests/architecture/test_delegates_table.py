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
# Verb → what opens to its holders. The method is GET, or POST as in the table of everybody.
OPENS = {
    Verb.VIEW_INTEGRATION: _VIEW,
    Verb.SYNC_INTEGRATION: _VIEW + _PROCESSES + _SYNC,
    Verb.APPROVE_REMOVALS: _VIEW + _PROCESSES,
    Verb.CONFIGURE_INTEGRATION: _VIEW + _CONFIGURE,
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


# How each verb is given: things, the scope of each, and the plain member of that who holds it.
THINGS: dict[Verb, Callable[[Cast, Everything], Sequence[tuple[object, Scope, User]]]] = dict.fromkeys(
    OPENS, _integrations
)


@pytest.mark.parametrize("verb", OPENS)
def test_holders_of_a_verb_open_what_the_list_says(cast: Cast, everything: Everything, verb: Verb) -> None:
    with isolation.as_tenant(cast.acme.pk):
        memberships = tuple(Membership.objects.filter(user=cast.tenant_owner, tenant=cast.acme))
        given = THINGS[verb](cast, everything)
        for thing, scope, member in given:
            owner = Access(cast.tenant_owner, scope, memberships)
            assert delegates.delegate(access=owner, thing=thing, user=member, verbs=[verb])  # type: ignore[arg-type]
    people = ("tenant_member", "org_member")
    wrong, said = [], opens(verb)
    for who, own_level in zip(people, ("tenant", "org"), strict=True):
        client = sign_in(cast, who)
        for row in ROWS:
            url = everything.url(row.name, row.level, URLS[row.name, row.level])
            before = row.statuses[_COLUMN[who]]
            is_theirs = row.level == own_level
            key = (row.name, row.level, row.method)
            expected = said.get(key, before) if is_theirs else before
            got = str(ask(client, row.method, url).status_code)
            if got != expected:
                wrong.append(f"{who} {row.name} {row.level} {row.method} {got}, not {expected}")
    assert wrong == []
    assert set(said) <= {(row.name, row.level, row.method) for row in ROWS}


_COLUMN = {"tenant_member": 1, "org_member": 3}
