"""The search of everything: what it finds, for whom, where it leads, and what it costs."""

import re

import pytest
from django.db import connection
from django.template import Context
from django.test import Client
from django.test.signals import template_rendered
from django.test.utils import CaptureQueriesContext

from connections import sharing
from connections.models import Folder
from integrations.models import Integration
from integrations.views.search import Group
from tests import factories
from tests.conftest import PEOPLE, Cast
from workspaces import isolation
from workspaces.models import Role, User

ORG = "/tenants/acme/orgs/tnt/"
FIREWORKS = f"{ORG}workspaces/fireworks/"
MOST_QUERIES = 12
DOCUMENTATION = "Documentation"  # a group that is the same for all


@pytest.fixture
def tree(cast: Cast) -> Folder:
    """Give the root of an integration of tnt with an OU and two accounts, nothing of it shared."""
    with isolation.as_tenant(cast.acme.pk):
        root = factories.integration(cast.at_org, "awsi", by=cast.org_owner).root_folder
        Integration.objects.update(source_organization_id="o-acme123456")
        prod = factories.folder(cast.at_org, "Prod", parent=root, source_id="ou-ab12-prodprod")
        factories.connection(cast.at_org, "web-prod", folder=prod, handle="aws_web_prod", source_id="000123456789")
        factories.connection(cast.at_org, "Ledger", folder=root, handle="aws_ledger")
    return root


def asked(client: Client, url: str, text: str, **headers: str) -> tuple[list[Group], str]:
    """Search; give the groups that the page is made of, and the page."""
    shown: list[list[Group]] = []

    def keep(context: Context, **_: object) -> None:
        if "groups" in context:
            shown.append(context["groups"])

    template_rendered.connect(keep)
    try:
        response = client.get(url, {"q": text}, headers=headers or None)
    finally:
        template_rendered.disconnect(keep)
    assert response.status_code == 200
    return shown[0], response.content.decode()


def found(client: Client, url: str, text: str) -> dict[str, list[tuple[str, str]]]:
    """Search; give for each group what it has, as what it says and where it leads."""
    groups, _ = asked(client, url, text, **{"HX-Request": "true", "HX-Target": "palette-found"})
    return {
        group.title: [(hit.title, hit.url) for hit in group.hits] for group in groups if group.title != DOCUMENTATION
    }


def test_the_documentation_is_searched_too_and_stands_last(as_org_owner: Client) -> None:
    groups, _ = asked(as_org_owner, f"{ORG}search/", "permissions")
    assert groups[-1].title == DOCUMENTATION
    assert groups[-1].hits[0].url == "/docs/permissions/"
    assert len(groups[-1].hits) == 4
    assert groups[-1].lists == [("the documentation", "/docs/?q=permissions")]


def as_(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


@pytest.mark.parametrize(
    "text",
    [
        "web-prod",
        "AWS_WEB",
        "000123456789",
        "0001-2345-6789",
        "arn:aws:iam::000123456789:role/pipes",
        "arn:aws:organizations::111111111111:account/o-acme123456/000123456789",
    ],
)
def test_an_account_is_found_by_name_handle_id_and_arn(as_org_owner: Client, tree: Folder, text: str) -> None:
    ((title, url),) = found(as_org_owner, f"{ORG}search/", text)["Connections"]
    assert title == "web-prod"
    assert as_org_owner.get(url).status_code == 200
    page = as_org_owner.get(f"{ORG}search/", {"q": text}).content.decode()
    assert "acme › tnt › Root / Prod" in page


def test_all_kinds_are_found_and_the_best_stands_first(as_org_owner: Client, cast: Cast, tree: Folder) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.workspace(cast.at_org, "prod-west", owner=cast.org_owner)
        factories.integration(cast.at_org, "aws-prod", by=cast.org_owner)
    groups = found(as_org_owner, f"{ORG}search/", "prod")
    assert list(groups) == ["Folders", "Places", "Integrations", "Connections"]  # the same, one that begins so, others
    assert groups["Places"] == [("prod-west", f"{ORG}workspaces/prod-west/")]
    assert groups["Integrations"] == [("aws-prod", f"{ORG}integrations/aws-prod/")]
    assert found(as_org_owner, f"{ORG}search/", "o-ACME123456") == {
        "Integrations": [("awsi", f"{ORG}integrations/awsi/")]
    }


def test_nobody_finds_what_they_may_not_open(cast: Cast, tree: Folder) -> None:
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(Folder.objects.get(title="Prod"), [cast.at_workspace])
        factories.connection(cast.at_tenant, "web-of-the-tenant")
        factories.connection(cast.at_workspace, "web-of-fireworks")
    names = {}
    for who in PEOPLE[:-1]:
        client = as_(getattr(cast, who))
        groups = found(client, "/tenants/acme/search/", "web")
        hits = groups.get("Connections", [])
        assert {client.get(url).status_code for _, url in hits} <= {200}
        names[who] = {title for title, _ in hits}
    shared = {"web-prod", "web-of-fireworks"}
    assert names == {
        "tenant_owner": shared | {"web-of-the-tenant"},
        "tenant_member": set(),
        "org_owner": shared,
        "org_member": set(),
        "workspace_owner": shared,
        "operator": shared,
        "reader": shared,
    }
    assert as_(cast.stranger).get("/tenants/acme/search/?q=web").status_code == 404
    assert found(as_(cast.stranger), "/search/", "web") == {}


def test_places_integrations_and_pages_are_those_that_one_may_open(cast: Cast, tree: Folder) -> None:
    for who in PEOPLE:
        client = as_(getattr(cast, who))
        for text in ("", "f", "n", "aws"):
            for group, hits in found(client, "/search/", text).items():
                for title, url in hits:
                    assert client.get(url, follow=True).status_code == 200, (who, group, title)
    assert "Integrations" not in found(as_(cast.reader), f"{FIREWORKS}search/", "awsi")


def test_what_is_shared_opens_in_the_workspace_where_one_is(cast: Cast, tree: Folder) -> None:
    with isolation.as_tenant(cast.acme.pk):
        in_rockets = cast.at_org.__class__(cast.acme, cast.tnt, cast.rockets)
        factories.member(in_rockets, cast.reader, Role.READER)
        sharing.set_grants(tree, [cast.at_org])
    reader = as_(cast.reader)
    for place in ("fireworks", "rockets"):
        url = f"{ORG}workspaces/{place}/search/"
        ((_, leads),) = found(reader, url, "ledger")["Connections"]
        assert leads.startswith(f"{ORG}workspaces/{place}/connections/")
    ((_, leads),) = found(reader, f"{ORG}search/", "ledger")["Connections"]
    assert leads.startswith(f"{FIREWORKS}connections/")


def test_other_tenants_are_found_by_their_names_alone(cast: Cast, tree: Folder) -> None:
    with isolation.as_tenant(cast.globex.pk):
        factories.member(cast.at_tenant.__class__(cast.globex), cast.org_owner, Role.MEMBER)
    client = as_(cast.org_owner)
    assert found(client, f"{ORG}search/", "glob") == {"Places": [("globex", "/tenants/globex/")]}
    assert found(client, "/tenants/globex/search/", "ledger") == {}
    assert set(found(client, "/search/", "")) == {"Places"}  # of two tenants neither is the one
    assert [title for title, _ in found(client, "/search/", "")["Places"]] == ["acme", "globex"]


def test_without_a_text_stand_the_pages_of_where_one_is_and_the_places_near(as_org_owner: Client) -> None:
    groups = found(as_org_owner, f"{ORG}search/", "")
    assert {"Processes", "Audit Log", "New Integration", "New Workspace"} <= {
        title for title, _ in groups["Pages of tnt"]
    }
    assert [title for title, _ in groups["Places"]] == ["fireworks", "rockets", "acme"]
    assert found(as_org_owner, f"{FIREWORKS}search/", "proc") == {
        "Pages": [("Processes", f"{ORG}activity/processes/")],
    }


def test_of_many_ten_are_shown_with_the_way_to_all(as_org_owner: Client, tree: Folder) -> None:
    with isolation.as_tenant(tree.tenant_id):
        factories.grow(tree, folders=1, connections=30)
    groups, page = asked(as_org_owner, f"{ORG}search/", "account")
    (group,) = (group for group in groups if group.title == "Connections")
    assert (len(group.hits), group.lists) == (10, [("acme › tnt", f"{ORG}connections/?q=account")])
    assert re.search(r"All results in\s+<bdi>acme › tnt</bdi>", page)


@pytest.mark.parametrize("text", ["a" * 300, "\x00", "%", "_", "'", "<b>", "arn:", "arn:aws"])
def test_odd_texts_are_only_texts(as_org_owner: Client, tree: Folder, text: str) -> None:
    response = as_org_owner.get(f"{ORG}search/", {"q": text})
    assert response.status_code == 200
    assert "<b>" not in response.content.decode()


@pytest.mark.parametrize("who", ["tenant_owner", "org_owner", "reader"])
def test_the_number_of_queries_is_small_and_the_same_for_a_large_tree(cast: Cast, tree: Folder, who: str) -> None:
    client = as_(getattr(cast, who))
    with isolation.as_tenant(cast.acme.pk):
        sharing.set_grants(tree, [cast.at_org])

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            groups = found(client, f"{FIREWORKS}search/", "account")
        assert groups["Connections"]
        return len([query for query in captured if "SAVEPOINT" not in query["sql"]])

    found(client, f"{FIREWORKS}search/", "account")  # the session is seen
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree, folders=2, connections=10)
    few = queries()
    with isolation.as_tenant(cast.acme.pk):
        factories.grow(tree, folders=80, connections=2000)
    # What was delegated to somebody is read too, but of who owns the tenant.
    assert queries() == few <= MOST_QUERIES + (who != "tenant_owner")
