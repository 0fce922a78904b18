"""The pages of places and people, as a browser without script gets them, and their fragments."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from tests.conftest import Cast, make_cast
from tests.threads import in_thread, wait_until_waiting
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Organization, Tenant, User, Workspace


def text(html: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.decode()).split())


def fragment(target: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target}


@pytest.mark.parametrize(
    ("who", "url"),
    [
        ("tenant_owner", "/tenants/acme/"),
        ("tenant_member", "/tenants/acme/"),
        ("org_owner", "/tenants/acme/orgs/tnt/"),
        ("reader", "/tenants/acme/orgs/tnt/"),
        ("stranger", "/tenants/globex/orgs/main/"),
    ],
)
def test_home_opens_the_only_organization_or_else_the_only_tenant(
    cast: Cast, client: Client, who: str, url: str
) -> None:
    client.force_login(getattr(cast, who))
    assert client.get("/")["Location"] == url
    assert client.get(url).status_code == 200


def test_home_lets_somebody_with_several_tenants_choose(cast: Cast, as_tenant_owner: Client) -> None:
    factories.tenant("second", owner=cast.tenant_owner)
    assert as_tenant_owner.get("/")["Location"] == "/tenants/"
    page = text(as_tenant_owner.get("/tenants/").content)
    assert "acme" in page
    assert "second" in page
    assert "globex" not in page


def test_home_helps_somebody_without_any_tenant(client: Client, db: None) -> None:
    client.force_login(factories.user("nobody"))
    page = text(client.get("/").content)
    assert "You are not in any tenant yet" in page
    assert "nobody@example.com" in page


def test_one_sees_the_organizations_that_one_may_enter(cast: Cast, client: Client) -> None:
    seen = {}
    for person in (cast.tenant_owner, cast.org_member, cast.tenant_member):
        client.force_login(person)
        page = text(client.get("/tenants/acme/").content)
        seen[person.handle] = [handle for handle in ("tnt", "ops") if f" {handle} " in page]
    assert seen == {"tenant-owner": ["tnt", "ops"], "org-member": ["tnt"], "tenant-member": []}


def test_a_workspace_is_found_in_its_own_organization_and_in_no_other(cast: Cast, as_tenant_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.workspace(Scope(cast.acme, cast.ops), "fireworks", owner=cast.tenant_owner)
        Workspace.objects.filter(organization=cast.ops, handle="fireworks").update(name="Those of ops")
    pages = [as_tenant_owner.get(f"/tenants/acme/orgs/{org}/workspaces/fireworks/advanced/") for org in ("tnt", "ops")]
    assert [b"Those of ops" in page.content for page in pages] == [False, True]
    assert [page.status_code for page in pages] == [200, 200]
    assert as_tenant_owner.get("/tenants/acme/orgs/ops/workspaces/rockets/").status_code == 404
    assert as_tenant_owner.get("/tenants/acme/orgs/tnt/workspaces/pager/").status_code == 404


def test_the_search_narrows_the_list_by_handle_and_name(cast: Cast, as_tenant_owner: Client) -> None:
    page = text(as_tenant_owner.get("/tenants/acme/orgs/tnt/", {"q": "Fire"}).content)
    assert "fireworks" in page
    assert "rockets" not in page
    page = text(as_tenant_owner.get("/tenants/acme/orgs/tnt/", {"q": "nothing like it"}).content)
    assert "No workspace that you may enter matches this search." in page


def test_the_list_alone_is_answered_as_a_fragment(cast: Cast, as_tenant_owner: Client) -> None:
    response = as_tenant_owner.get("/tenants/acme/orgs/tnt/", headers=fragment("list"))
    assert response.content.decode().strip().startswith('<div id="list">')
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response["Vary"].split(",")}


def test_tenant_settings_are_offered_to_owners_of_a_custom_tenant_only(cast: Cast, client: Client) -> None:
    for person, tenant, is_offered in (
        (cast.tenant_owner, "acme", True),
        (cast.tenant_member, "acme", False),
        (cast.stranger, "globex", False),
    ):
        client.force_login(person)
        for url in (f"/tenants/{tenant}/", f"/tenants/?from={tenant}"):
            assert ("Tenant Settings" in text(client.get(url).content)) is is_offered, (person, url)


def test_a_switcher_is_a_page_and_a_menu(cast: Cast, as_tenant_owner: Client) -> None:
    page = as_tenant_owner.get("/tenants/acme/orgs/")
    menu = as_tenant_owner.get("/tenants/acme/orgs/", headers=fragment("switch-organization"))
    assert "<html" in page.content.decode()
    assert "<html" not in menu.content.decode()
    assert "HX-Request" in menu["Vary"]
    for response in (page, menu):
        assert 'href="/tenants/acme/orgs/tnt/"' in response.content.decode()


def test_an_owner_creates_an_organization_and_lands_in_it(cast: Cast, as_tenant_owner: Client) -> None:
    response = as_tenant_owner.post("/tenants/acme/orgs/new/", {"handle": "labs", "name": "Labs"}, follow=True)
    assert response.redirect_chain == [("/tenants/acme/orgs/labs/", 302)]
    assert "Created acme/labs." in text(response.content)
    with isolation.as_tenant(cast.acme.pk):
        assert AuditEvent.objects.filter(action="organization.created", remote_address="127.0.0.1").exists()


def test_an_owner_creates_a_workspace_and_lands_in_it(cast: Cast, as_org_owner: Client) -> None:
    response = as_org_owner.post(
        "/tenants/acme/orgs/tnt/workspaces/new/", {"handle": "labs", "name": "Labs"}, follow=True
    )
    assert response.redirect_chain[0] == ("/tenants/acme/orgs/tnt/workspaces/labs/", 302)
    assert "Created acme/tnt/labs." in text(response.content)


@pytest.mark.parametrize(
    ("handle", "sentence"),
    [
        ("tnt", "“tnt” is taken by another organization of acme. Choose another handle."),
        ("Not Good", "Start with a lower-case letter, then use lower-case letters, digits and dashes"),
        ("new", "“new” is reserved for a page of the console. Choose another handle."),
        ("", "Enter a handle."),
    ],
)
class TestABadHandle:
    def test_is_refused_at_the_field_and_all_that_was_typed_is_kept(
        self, as_tenant_owner: Client, handle: str, sentence: str
    ) -> None:
        response = as_tenant_owner.post("/tenants/acme/orgs/new/", {"handle": handle, "name": "My name"})
        html = response.content.decode()
        assert response.status_code == 200
        assert sentence in text(response.content)
        assert 'value="My name"' in html
        assert f'value="{handle}"' in html or not handle
        assert re.search(r'<input[^>]*name="handle"[^>]*aria-describedby="id_handle-help id_handle-status"', html)
        assert re.search(r'<input[^>]*name="handle"[^>]*aria-invalid="true"', html)

    def test_is_said_as_one_types(self, as_tenant_owner: Client, handle: str, sentence: str) -> None:
        response = as_tenant_owner.get(
            "/tenants/acme/orgs/new/", {"handle": handle}, headers=fragment("id_handle-status")
        )
        assert text(response.content).startswith(sentence)


def test_a_good_handle_is_said_to_be_free(as_tenant_owner: Client) -> None:
    response = as_tenant_owner.get("/tenants/acme/orgs/new/", {"handle": "labs"}, headers=fragment("id_handle-status"))
    assert text(response.content) == "labs is free."


@pytest.mark.parametrize(
    "page",
    ["/profile/", "/tenants/acme/orgs/new/", "/tenants/acme/orgs/tnt/workspaces/new/", "/tenants/acme/advanced/"],
)
def test_nothing_is_wrong_with_a_page_that_was_only_opened(as_tenant_owner: Client, page: str) -> None:
    assert "aria-invalid" not in as_tenant_owner.get(page, {"from": "a-mail", "handle": "x"}).content.decode()


def test_the_handle_that_a_place_has_is_no_news(as_org_owner: Client) -> None:
    url = "/tenants/acme/orgs/tnt/advanced/"
    response = as_org_owner.get(url, {"handle": "tnt"}, headers=fragment("id_handle-status"))
    assert text(response.content) == ""


@pytest.mark.parametrize(
    ("scope", "word"), [("at_tenant", "tenant"), ("at_org", "organization"), ("at_workspace", "workspace")]
)
def test_an_owner_renames_a_place_and_stays_on_it(cast: Cast, as_tenant_owner: Client, scope: str, word: str) -> None:
    here: Scope = getattr(cast, scope)
    url = here.url(f"{word}_advanced")
    response = as_tenant_owner.post(url, {"handle": "renamed", "name": "Renamed"}, follow=True)
    assert response.redirect_chain == [(url.replace(here.place.handle, "renamed"), 302)]
    assert f"Saved the {word} renamed." in text(response.content)


def test_a_tenant_cannot_take_the_handle_of_one_that_it_does_not_see(cast: Cast, as_tenant_owner: Client) -> None:
    response = as_tenant_owner.post("/tenants/acme/advanced/", {"handle": "globex", "name": "Acme"})
    assert "“globex” is taken by another tenant. Choose another handle." in text(response.content)
    with isolation.as_operator():
        assert set(Tenant.objects.values_list("handle", flat=True)) == {"acme", "globex"}


def test_a_member_reads_the_handle_and_name_of_a_workspace(cast: Cast, client: Client) -> None:
    client.force_login(cast.reader)
    page = client.get(cast.at_workspace.url("workspace_advanced")).content.decode()
    assert "Fireworks" in page
    assert '<form class="card"' not in page


def test_one_changes_ones_own_handle_and_name(cast: Cast, as_org_owner: Client) -> None:
    response = as_org_owner.post(reverse("profile"), {"handle": "wile-e", "name": "Wile E. Coyote"}, follow=True)
    assert "Saved your profile." in text(response.content)
    assert User.objects.filter(handle="wile-e", name="Wile E. Coyote", pk=cast.org_owner.pk).exists()
    response = as_org_owner.post(reverse("profile"), {"handle": "stranger", "name": ""})
    assert "“stranger” is taken by somebody else. Choose another handle." in text(response.content)


def test_the_theme_is_kept_in_a_cookie_and_in_the_page(cast: Cast, as_org_owner: Client) -> None:
    response = as_org_owner.post(reverse("theme"), {"theme": "dark", "next": "/profile/"})
    assert response["Location"] == "/profile/"
    assert 'data-theme="dark"' in as_org_owner.get("/profile/").content.decode()
    as_org_owner.post(reverse("theme"), {"theme": "system", "next": "/profile/"})
    assert "data-theme=" not in as_org_owner.get("/profile/").content.decode()


def test_the_theme_never_leads_to_another_site(client: Client, db: None) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "profile", "nowhere"):
        assert client.post(reverse("theme"), {"theme": "dark", "next": elsewhere})["Location"] == "/"
    assert client.get(reverse("theme")).status_code == 405


@pytest.mark.parametrize(
    "page", ["/tenants/acme/", "/tenants/acme/settings/", "/tenants/acme/orgs/tnt/", "/tenants/", "/profile/"]
)
def test_a_page_costs_the_same_few_queries_at_any_size(cast: Cast, as_tenant_owner: Client, page: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert as_tenant_owner.get(page).status_code == 200
        return sum("SAVEPOINT" not in query["sql"] for query in queries)

    cost()  # the session finds its way into the cache
    small = cost()
    with isolation.as_tenant(cast.acme.pk):
        Organization.objects.bulk_create(
            Organization(tenant=cast.acme, handle=f"org-{n}", name=f"Org {n}") for n in range(40)
        )
        Workspace.objects.bulk_create(
            Workspace(tenant=cast.acme, organization=cast.tnt, handle=f"w-{n}", name=f"W {n}") for n in range(40)
        )
    for number in range(5):
        factories.tenant(f"more-{number}", owner=cast.tenant_owner)
    assert cost() == small
    assert small <= 12


@pytest.mark.django_db(transaction=True)
def test_a_handle_that_somebody_takes_at_the_same_moment_gets_the_same_sentence() -> None:
    cast = make_cast()
    answers: list[str] = []
    with isolation.as_tenant(cast.acme.pk):
        factories.organization(cast.at_tenant, "race", owner=cast.tenant_owner)  # not committed yet: nobody sees it
        request = in_thread(lambda: answers.append(create_race(cast)))
        wait_until_waiting()
    request.join()
    assert answers
    assert "“race” is taken by another organization of acme. Choose another handle." in answers[0]


def create_race(cast: Cast) -> str:
    client = Client()
    client.force_login(cast.tenant_owner)
    return text(client.post("/tenants/acme/orgs/new/", {"handle": "race", "name": "Race"}).content)
