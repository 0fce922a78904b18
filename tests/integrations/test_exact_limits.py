"""Each side of each limit."""

import pytest
from django.test import Client

from connections.models import Connection
from integrations.planning import deletion_limit
from integrations.planning.handle_prefix import PrefixRefusedError, renames
from integrations.planning.reconcile import Held, NodePlan, Plan, Tree
from tests import factories
from tests.conftest import Cast
from workspaces import audit, isolation
from workspaces.handles import NODE_MAX_LENGTH, fit
from workspaces.models import AuditEvent

ORG = "/tenants/acme/orgs/tnt/connections/"


@pytest.mark.parametrize(
    ("lost", "there", "asks"), [(6, 30, False), (6, 29, True), (7, 30, True), (5, 20, False), (6, 31, False)]
)
def test_exactly_twenty_percent_is_not_over_the_limit(lost: int, there: int, asks: bool) -> None:
    connections = tuple(Held(n, f"{n}", "r", f"A {n}", f"a_{n}") for n in range(there))
    planned = Plan(NodePlan(), NodePlan(removals=connections[:lost]))
    assert bool(deletion_limit.why_over(Tree((), connections), planned, percent=20, count=5)) == asks


@pytest.mark.parametrize(("length", "prefix", "fits"), [(60, "abc", True), (60, "abcd", False), (63, "a", False)])
def test_a_prefix_may_fill_a_schema_name_to_its_last_character(length: int, prefix: str, fits: bool) -> None:
    title = "x" * length
    tree = Tree((), (Held(1, "111122223333", "r", title, title),))
    if not fits:
        with pytest.raises(PrefixRefusedError, match=f"would have {length + len(prefix)} characters"):
            renames(tree, prefix)
        return
    ((_, after),) = renames(tree, prefix)
    assert after.handle == prefix + title
    assert len(after.handle) == NODE_MAX_LENGTH


def test_a_name_that_is_too_long_by_itself_is_cut_with_any_prefix() -> None:
    tree = Tree((), (Held(1, "111122223333", "r", "x" * 64, "x" * 63),))
    ((_, after),) = renames(tree, "a")
    assert after.handle == "a" + "x" * 62


def test_a_handle_and_its_suffix_are_cut_to_sixty_three_together() -> None:
    assert fit("x" * 63) == "x" * 63
    assert fit("x" * 64) == "x" * 63
    assert fit("x" * 50, "_" + "1" * 12) == "x" * 50 + "_" + "1" * 12
    assert fit("x" * 51, "_" + "1" * 12) == "x" * 50 + "_" + "1" * 12


@pytest.mark.parametrize(("length", "status"), [(63, 302), (64, 200)])
def test_a_typed_handle_may_have_sixty_three_characters(
    cast: Cast, as_org_owner: Client, length: int, status: int
) -> None:
    handle = "x" * length
    assert as_org_owner.post(f"{ORG}new/", {"handle": handle, "title": "Lone"}).status_code == status
    assert as_org_owner.post(f"{ORG}folders/new/", {"handle": handle, "title": "Mine"}).status_code == status
    with isolation.as_tenant(cast.acme.pk):
        assert Connection.objects.filter(handle=handle).exists() == (status == 302)


@pytest.mark.parametrize("length", [199, 200, 201, 254])
def test_the_audit_log_keeps_two_hundred_characters_of_a_name(cast: Cast, length: int) -> None:
    with isolation.as_tenant(cast.acme.pk):
        target = factories.connection(cast.at_org, "Lone")
        target.handle = "x" * length  # nobody can store it; an address of a person may be as long
        audit.record("connection.created", scope=cast.at_org, by=None, target=target)
        assert AuditEvent.objects.latest("pk").object_label == "x" * min(length, 200)
