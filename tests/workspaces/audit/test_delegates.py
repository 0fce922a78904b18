"""The audit log, read by members to whom that was delegated."""

import re

import pytest
from django.test import Client

from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Access, Scope
from workspaces.delegation.verbs import Verb
from workspaces.models import AuditEvent, Membership
from workspaces.people import delegates


def _rows(page: str) -> list[str]:
    found = re.findall(r'<td data-label="What">(.*?)</td>', page, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", one)) for one in found]


@pytest.mark.parametrize("level", ["tenant", "org"])
def test_a_delegate_reads_and_takes_with_them_what_an_owner_reads(cast: Cast, client: Client, level: str) -> None:
    scope: Scope = cast.at_tenant if level == "tenant" else cast.at_org
    home, log = scope.url("tenant_home" if level == "tenant" else "organization_home"), scope.url("audit_log")
    client.force_login(cast.org_member)
    assert log not in client.get(home).content.decode()
    with isolation.as_tenant(cast.acme.pk):
        owner = Access(cast.tenant_owner, scope, tuple(Membership.objects.filter(user=cast.tenant_owner)))
        delegates.delegate(access=owner, thing=scope.place, user=cast.org_member, verbs=[Verb.VIEW_AUDIT_LOG])
    page = client.get(home).content.decode()
    assert f'href="{log}"' in page
    assert "Integrations" not in page.partition("<main")[0]
    page = client.get(log).content.decode()
    assert "Processes" not in page
    theirs = _rows(page)
    client.force_login(cast.tenant_owner)
    assert theirs == _rows(client.get(log).content.decode())
    client.force_login(cast.org_member)
    about = re.findall(r'href="([^"]+/activity/object/\?[^"]+)"', page)[0].replace("&amp;", "&")
    assert client.get(about)["Location"].startswith(f"{log}?kind=")
    assert client.get(f"{log}audit-log.csv").status_code == 200
    with isolation.as_tenant(cast.acme.pk):
        event = AuditEvent.objects.get(action="audit_log.exported")
        assert event.actor_id == cast.org_member.pk
    found = client.get(f"{scope.url('search')}?q=audit").content.decode()
    assert f'href="{log}"' in found
    elsewhere = (Scope(cast.acme, cast.ops), cast.at_workspace, cast.at_org if level == "tenant" else cast.at_tenant)
    for other in elsewhere:
        assert client.get(other.url("audit_log")).status_code in (403, 404), other
