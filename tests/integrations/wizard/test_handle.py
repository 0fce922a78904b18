"""Step 2: Choose handle."""

from integrations.wizard import drafts
from tests import factories
from tests.conftest import Cast
from tests.integrations.wizard.conftest import BY_ROLE, CONNECTION, Walk
from workspaces import isolation
from workspaces.access import Scope

TAKEN = "Another integration of acme is called main; handles are unique over the whole tenant"


def take(cast: Cast, handle: str) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.integration(cast.at_tenant, handle, by=cast.tenant_owner)


def test_a_good_handle_leads_to_the_discovery_settings(in_org: Walk) -> None:
    in_org.start().post("handle", handle="awsi")
    assert (in_org.at, in_org.draft().handle, in_org.draft().steps_done) == ("discovery", "awsi", 2)


MALFORMED = [
    ("", "Enter a handle for the integration."),
    ("Prod", "Start with a lower-case letter"),
    ("9lives", "Start with a lower-case letter"),
    ("a b", "use lower-case letters, digits, dashes and underscores"),
    ("a" * 40, "39 characters at most"),
    ("ünïcode", "Start with a lower-case letter"),
    ("new", "new is a word of this console. Choose another handle."),
    ("drafts", "drafts is a word of this console. Choose another handle."),
]


def test_a_malformed_handle_is_refused_and_kept_in_the_field(in_org: Walk) -> None:
    in_org.start()
    for handle, sentence in MALFORMED:
        in_org.post("handle", handle=handle)
        assert sentence in in_org.page
        assert 'aria-invalid="true"' in in_org.html
        assert not handle or f'value="{handle}"' in in_org.html
        assert (in_org.draft().handle, in_org.draft().steps_done) == ("", 1)


def test_a_handle_is_unique_over_the_tenant_its_organizations_included(cast: Cast, in_org: Walk) -> None:
    take(cast, "main")
    in_org.start().post("handle", handle="main")
    assert TAKEN in in_org.page


def test_a_handle_that_another_organization_has_is_taken(cast: Cast, in_org: Walk) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.integration(Scope(cast.acme, cast.ops), "main", by=cast.tenant_owner)
    in_org.start().post("handle", handle="main")
    assert (in_org.at, TAKEN in in_org.page) == ("handle", True)


def test_a_handle_that_another_tenant_has_is_free(cast: Cast, in_org: Walk) -> None:
    with isolation.as_tenant(cast.globex.pk):
        factories.integration(Scope(cast.globex, cast.globex_org), "main", by=cast.stranger)
    in_org.start().post("handle", handle="main")
    assert in_org.at == "discovery"


def test_a_handle_is_checked_as_one_types(cast: Cast, in_org: Walk) -> None:
    take(cast, "main")
    in_org.start()
    headers = {"HX-Request": "true", "HX-Target": "id_handle-status"}
    for typed, sentence in (("main", TAKEN), ("Main", "Start with a lower-case letter"), ("mine", "mine is free.")):
        in_org.answer = in_org.client.get(in_org.url("handle"), {"handle": typed}, headers=headers)
        assert sentence in in_org.page
        assert "<form" not in in_org.html
    assert in_org.draft().handle == ""


def test_a_handle_that_is_taken_before_the_end_leads_back_with_the_sentence(cast: Cast, in_org: Walk) -> None:
    in_org.start().post("handle", handle="main")
    in_org.post("discovery", **BY_ROLE)
    in_org.post("connection", **CONNECTION)
    take(cast, "main")
    in_org.post("permissions", choice="all")
    assert in_org.at == "handle"
    in_org.get("handle")
    assert TAKEN in in_org.page
    in_org.post("handle", handle="other")
    in_org.post("discovery", **BY_ROLE)
    in_org.post("connection", **CONNECTION)
    in_org.get("permissions")
    assert 'value="all"' in in_org.html
    in_org.post("permissions", choice="all")
    assert in_org.at == "other"


def test_previous_keeps_a_good_handle_and_drops_a_bad_one(in_org: Walk) -> None:
    in_org.start().post("handle", do="previous", handle="awsi")
    assert (in_org.at, in_org.draft().handle) == ("type", "awsi")
    in_org.post("handle", do="previous", handle="???")
    assert (in_org.at, in_org.draft().handle) == ("type", "awsi")
    in_org.post("type", type="aws")
    assert in_org.at == "handle"


def test_the_page_of_a_free_handle_says_nothing_against_it(in_org: Walk) -> None:
    in_org.to("discovery").get("handle")
    assert "field-error" not in in_org.html
    assert 'value="awsi"' in in_org.html


def test_two_drafts_may_wish_the_same_handle(cast: Cast, in_org: Walk) -> None:
    with isolation.as_tenant(cast.acme.pk):
        other = drafts.create_draft(scope=cast.at_tenant, by=cast.tenant_owner)
        other.handle = "awsi"
        other.save()
    in_org.to("discovery")
