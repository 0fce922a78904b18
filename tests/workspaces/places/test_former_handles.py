"""An address with a handle that a place or an integration had before leads to where it is now."""

import pytest
from django.test import Client

from integrations.settings import change
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Access, Scope
from workspaces.delegation.verbs import Verb
from workspaces.models import Membership
from workspaces.people import delegates
from workspaces.places import actions


def rename(scope: Scope, handle: str, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        actions.change_place(scope=scope, handle=handle, name=scope.place.name, by=cast.tenant_owner)


def led_to(client: Client, path: str) -> tuple[int, str]:
    answer = client.get(path)
    return answer.status_code, answer.headers.get("Location", "")


def test_all_that_was_renamed_around_a_page_is_followed(cast: Cast, as_tenant_owner: Client) -> None:
    rename(cast.at_workspace, "sparks", cast)
    rename(cast.at_org, "team", cast)
    rename(cast.at_tenant, "corp", cast)
    old, new = "/tenants/acme/orgs/tnt/workspaces/fireworks/", "/tenants/corp/orgs/team/workspaces/sparks/"
    assert led_to(as_tenant_owner, f"{old}connections/?q=prod") == (307, f"{new}connections/?q=prod")
    assert as_tenant_owner.get(f"{new}connections/").status_code == 200
    assert led_to(as_tenant_owner, "/tenants/acme/") == (307, "/tenants/corp/")
    assert led_to(as_tenant_owner, "/tenants/acme/orgs/never/")[0] == 404
    form = {"name": "Sparks", "handle": "glitter"}
    answer = as_tenant_owner.post(f"{old}advanced/", form, follow=True)
    assert answer.redirect_chain[0] == (f"{new}advanced/", 307)
    assert "/tenants/corp/orgs/team/workspaces/glitter/" in answer.request["PATH_INFO"]


def test_an_integration_is_found_under_its_former_handle_until_another_has_it(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "awsi", by=cast.org_owner)
        made = change.change_handle(integration=made, handle="cloud", version=str(made.version), by=cast.org_owner)
        change.change_handle(integration=made, handle="sky", version="2", by=cast.org_owner)
        theirs = factories.integration(Scope(cast.acme, cast.ops), "far", by=cast.tenant_owner)
        change.change_handle(integration=theirs, handle="secret", version=str(theirs.version), by=cast.tenant_owner)
    base = "/tenants/acme/orgs/tnt/integrations/"
    assert led_to(as_org_owner, f"{base}far/")[0] == 404
    assert led_to(as_org_owner, f"{base}awsi/config/") == (307, f"{base}sky/config/")
    assert led_to(as_org_owner, f"{base}cloud/processes/") == (307, f"{base}sky/processes/")
    assert led_to(as_org_owner, f"{base}sky/processes/99/")[0] == 404
    with isolation.as_tenant(cast.acme.pk):
        factories.integration(cast.at_org, "awsi", by=cast.org_owner)
    assert as_org_owner.get(f"{base}awsi/config/").status_code == 200


@pytest.mark.parametrize("who", ["tenant_member", "stranger"])
def test_who_may_not_see_the_place_does_not_learn_its_new_handle(cast: Cast, who: str) -> None:
    rename(cast.at_org, "team", cast)
    client = Client()
    client.force_login(getattr(cast, who))
    assert led_to(client, "/tenants/acme/orgs/tnt/") == (404, "")


def test_a_member_who_may_not_see_integrations_does_not_learn_what_one_is_called(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "awsi", by=cast.org_owner)
        change.change_handle(integration=made, handle="secret", version=str(made.version), by=cast.org_owner)
    rename(cast.at_org, "team", cast)
    client = Client()
    client.force_login(cast.org_member)
    assert led_to(client, "/tenants/acme/orgs/tnt/integrations/awsi/") == (
        307,
        "/tenants/acme/orgs/team/integrations/awsi/",
    )
    assert led_to(client, "/tenants/acme/orgs/team/integrations/awsi/")[0] == 403


def test_delegates_are_led_to_what_they_hold_and_learn_of_nothing_else_what_it_is_called(
    cast: Cast, client: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        owner = Access(cast.org_owner, cast.at_org, tuple(Membership.objects.filter(user=cast.org_owner)))
        for handle in ("mine", "theirs"):
            made = factories.integration(cast.at_org, handle, by=cast.org_owner)
            factories.finished_run(made)
            if handle == "mine":
                delegates.delegate(access=owner, thing=made, user=cast.org_member, verbs=[Verb.VIEW_INTEGRATION])
            version = str(made.version)
            change.change_handle(integration=made, handle=f"new-{handle}", version=version, by=cast.org_owner)
    base = "/tenants/acme/orgs/tnt/integrations/"
    client.force_login(cast.org_member)
    assert led_to(client, f"{base}mine/?kind=connection") == (307, f"{base}new-mine/?kind=connection")
    assert client.get(f"{base}new-mine/").status_code == 200
    assert led_to(client, f"{base}mine/config/") == (403, "")  # nor would the new address be opened
    for unheld in ("theirs", "new-theirs", "never"):
        refused = client.get(f"{base}{unheld}/")
        assert refused.status_code == 403
        assert unheld == "new-theirs" or b"new-theirs" not in refused.content
    with isolation.as_tenant(cast.acme.pk):
        factories.integration(cast.at_org, "mine", by=cast.org_owner)
    assert led_to(client, f"{base}mine/") == (403, "")
