"""What stands beside a handle that is refused: one that would do."""

import pytest
from django.test import Client

from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.handles import next_free, node_handle_like, place_handle_like

ORG = "/tenants/acme/orgs/tnt/"
TYPING = {"HX-Request": "true", "HX-Target": "id_handle-status"}


@pytest.mark.parametrize(
    ("typed", "place", "node"),
    [
        ("AWS I!", "aws-i", "aws_i"),
        ("aws__i", "aws-i", "aws_i"),
        ("42 Web", "web", "web"),
        ("東京", "dongjing", "dongjing"),
        ("settings", "", "settings"),
        ("PG Stats", "pg-stats", ""),
        ("!?", "", ""),
        ("x" * 80, "x" * 39, "x" * 63),
    ],
)
def test_a_handle_is_made_of_what_was_typed(typed: str, place: str, node: str) -> None:
    assert (place_handle_like(typed), node_handle_like(typed)) == (place, node)


def test_the_next_free_one_goes_on_counting() -> None:
    def free(handle: str, *taken: str) -> str:
        return next_free(handle, taken.__contains__, separator="-", longest=8)

    assert free("web", "web") == "web-2"
    assert free("web", "web", "web-2", "web-3") == "web-4"
    assert free("web-7", "web-7") == "web-8"
    assert free("website-", "website-") == "websit-2"
    assert free("web", *(f"web-{number}" for number in range(2, 9))) == ""


@pytest.mark.parametrize("url", ["workspaces/new/", "connections/folders/new/", "integrations/new/"])
def test_a_page_offers_it_with_and_without_script(as_org_owner: Client, url: str) -> None:
    page = f"{ORG}{url}"
    if url.startswith("integrations"):
        page = as_org_owner.post(page, {"type": "aws"})["Location"]
    tried = "aws_i" if "folders" in url else "aws-i"
    for answer in (
        as_org_owner.get(page, {"handle": "AWS I!"}, headers=TYPING),
        as_org_owner.post(page, {"handle": "AWS I!", "name": "AWS", "title": ""}),
    ):
        assert f'Try <span class="mono">{tried}</span>' in answer.content.decode()


def test_the_next_one_is_offered_where_a_handle_is_taken(as_org_owner: Client, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.folder(cast.at_org, "Prod", handle="prod")
        factories.integration(cast.at_org, "awsi", by=cast.org_owner)
    for url, handle, offered in (
        ("workspaces/new/", "fireworks", "fireworks-2"),
        ("connections/folders/new/", "prod", "prod_2"),
        ("workspaces/fireworks/advanced/", "rockets", "rockets-2"),
    ):
        answer = as_org_owner.get(f"{ORG}{url}", {"handle": handle}, headers=TYPING)
        assert f'data-take="{offered}"' in answer.content.decode()
    step = as_org_owner.post(f"{ORG}integrations/new/", {"type": "aws"})["Location"]
    assert 'data-take="awsi-2"' in as_org_owner.post(step, {"handle": "awsi"}).content.decode()
