"""What is delegated inside a place, and to one service account: listed for the owners, whatever it is about."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Access, Scope
from workspaces.delegation.verbs import Verb
from workspaces.models import Membership, Role, User
from workspaces.people import delegates

URL = "/tenants/acme/orgs/tnt"


def give(cast: Cast, scope: Scope, thing: object, verb: Verb, to: User) -> None:
    access = Access(cast.tenant_owner, scope, tuple(Membership.objects.filter(user=cast.tenant_owner)))
    delegates.delegate(access=access, thing=thing, user=to, verbs=[verb])  # type: ignore[arg-type]


def delegate_all(cast: Cast, to: User) -> dict[str, str]:
    """Delegate one verb on each kind of thing in the organization; gives the pages on which that is changed."""
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "aws", by=cast.org_owner)
        folder = factories.folder(cast.at_org, "Prod")
        leaf = factories.connection(cast.at_org, "Leaf", folder=folder)
        give(cast, cast.at_org, made, Verb.SYNC_INTEGRATION, to)
        give(cast, cast.at_org, folder, Verb.SHARE_FOLDER, to)
        give(cast, cast.at_org, leaf, Verb.CONFIGURE_CONNECTION, to)
        give(cast, cast.at_workspace, cast.fireworks, Verb.USE_SCHEMAS, to)
    return {
        "aws": f"{URL}/integrations/aws/advanced/delegates/",
        "Prod": f"{URL}/connections/folders/{folder.pk}/delegates/",
        "Leaf": f"{URL}/connections/{leaf.pk}/delegates/",
        "fireworks": f"{URL}/workspaces/fireworks/people/delegates/",
    }


def _main(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return str(response.content.decode().partition("<main")[2])


@pytest.mark.parametrize("level", ["org", "tenant"])
def test_owners_see_all_that_is_delegated_inside_a_place(cast: Cast, as_tenant_owner: Client, level: str) -> None:
    scope = cast.at_org if level == "org" else cast.at_tenant
    page = scope.url("place_delegates")
    assert "Delegated inside" not in _main(as_tenant_owner, page)
    pages = delegate_all(cast, cast.org_member)
    with isolation.as_tenant(cast.acme.pk):
        give(cast, Scope(cast.acme, cast.ops), cast.ops, Verb.VIEW_AUDIT_LOG, _member_of_ops(cast))
    html = _main(as_tenant_owner, page)
    assert f"Delegated inside {scope}" in html
    for name, url in pages.items():
        assert re.search(f'href="{url}"><bdi>{name}</bdi>', html), name
        assert as_tenant_owner.get(url).status_code == 200
    assert ("of-ops" in html) == (level == "tenant")  # what lies in another organization is not inside this one
    with CaptureQueriesContext(connection) as few:
        as_tenant_owner.get(page)
    with isolation.as_tenant(cast.acme.pk):
        for number in range(60):
            user = factories.user(f"more-{number}")
            factories.member(cast.at_org, user, Role.MEMBER)
            give(cast, cast.at_workspace, cast.fireworks, Verb.USE_SCHEMAS, user)
    with CaptureQueriesContext(connection) as many:
        html = _main(as_tenant_owner, page)
    assert len(many) == len(few) <= 12 + 6  # with those that begin and end what surrounds a page
    assert 'rel="next"' in html
    assert "more-59" in _main(as_tenant_owner, f"{page}?page=2")


def _member_of_ops(cast: Cast) -> User:
    user = factories.user("of-ops")
    factories.member(Scope(cast.acme, cast.ops), user, Role.MEMBER)
    return user


def test_the_page_of_a_service_account_says_what_is_delegated_to_it(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        account = factories.service_account(cast.at_org, by=cast.org_owner)
    page = f"{URL}/people/service-accounts/{account.pk}/"
    html = _main(as_org_owner, page)
    assert "Nothing is delegated to it" in html
    assert f'href="{URL}/people/delegates/"' in html
    pages = delegate_all(cast, account)
    with isolation.as_tenant(cast.acme.pk):
        give(cast, cast.at_org, cast.tnt, Verb.VIEW_AUDIT_LOG, account)
        give(cast, cast.at_org, cast.tnt, Verb.VIEW_AUDIT_LOG, cast.org_member)
    html = _main(as_org_owner, page)
    for name, url in (pages | {"tnt": f"{URL}/people/delegates/"}).items():
        assert re.search(f'href="{url}"><bdi>{name}</bdi>', html), name
    assert html.count("read the audit log") == 1
    assert "sync and preview the integration" in html
    assert "acme/tnt/fireworks" not in html  # which is in acme/tnt
