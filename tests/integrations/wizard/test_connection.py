"""Step 4: Connection Settings, up to the moment when AWS is asked."""

from typing import Any

import pytest
from django.utils import timezone

from integrations.access import findings
from integrations.models import AccessTest, Draft
from integrations.models.settings import default_options
from integrations.planning.snapshot import AccountState, Snapshot, SnapshotAccount, SnapshotFolder, pack
from integrations.wizard.steps.connection import ConnectionForm
from tests.integrations.wizard.conftest import CONNECTION, Walk
from workspaces import isolation


def test_the_page_has_the_documented_labels(in_org: Walk) -> None:
    page = in_org.to("connection").page
    assert "<h1>Connection Settings</h1>" in in_org.html
    for label in (
        "Handle Prefix",
        "Automatic Setup",
        "Manual Setup",
        "Download CloudFormation StackSet",
        "Role Name",
        "External ID",
        "Rotate",
        "Regions",
        "All regions",
        "Advanced Options",
        "Default Region",
        "Max Retry Attempts",
        "Min Error Retry Delay",
        "Ignore Error Codes",
        "Test Connection",
    ):
        assert label in page
    assert in_org.draft().connection_external_id in in_org.html
    assert in_org.draft().discovery_external_id not in in_org.html


def test_what_is_offered_is_accepted_as_it_is(in_org: Walk) -> None:
    in_org.to("connection").post("connection", **CONNECTION | {"handle_prefix": ""})
    draft = in_org.draft()
    assert (in_org.at, draft.handle_prefix, draft.role_name) == ("permissions", "", "pipes-connection")
    assert draft.options == default_options()


@pytest.mark.parametrize(
    ("prefix", "owner"), [("pg_", "PostgreSQL"), ("pg_x_", "PostgreSQL"), ("steampipe_", "Steampipe")]
)
def test_a_prefix_with_which_no_connection_could_be_a_schema_is_refused(in_org: Walk, prefix: str, owner: str) -> None:
    in_org.to("connection").post("connection", **CONNECTION | {"handle_prefix": prefix})
    assert in_org.at == "connection"
    assert f"belong to {owner}, so no schema can be called {prefix}. Choose another prefix." in in_org.page


def test_everything_is_stored(in_org: Walk) -> None:
    in_org.to("connection").post(
        "connection",
        handle_prefix="acme_",
        role_name="Reader",
        all_regions="some",
        regions=["us-east-1", "eu-west-1"],
        region_patterns="ap-*, EU-WEST-1 us-west-?",
        default_region="eu-west-1",
        max_error_retry_attempts="3",
        min_error_retry_delay="100",
        ignore_error_codes="AccessDenied, UnauthorizedOperation*",
    )
    assert in_org.at == "permissions"
    draft = in_org.draft()
    assert (draft.handle_prefix, draft.role_name) == ("acme_", "Reader")
    assert draft.options == {
        "regions": ["us-east-1", "eu-west-1", "ap-*", "us-west-?"],
        "default_region": "eu-west-1",
        "max_error_retry_attempts": 3,
        "min_error_retry_delay": 100,
        "ignore_error_codes": ["AccessDenied", "UnauthorizedOperation*"],
    }
    in_org.get("connection")
    assert 'value="ap-*, us-west-?"' in in_org.html
    assert in_org.html.count('name="regions"') == 34
    assert 'value="us-east-1" id="id_regions_30" checked' in in_org.html


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"handle_prefix": "Acme"},
        "Start with a lower-case letter, then use lower-case letters",
    ),
    ({"handle_prefix": "a-b"}, "use lower-case letters, digits and underscores"),
    ({"handle_prefix": "9"}, "Start with a lower-case letter"),
    ({"handle_prefix": "a" * 41}, "40 characters at most"),
    ({"role_name": ""}, "Enter the name of the role that each account has."),
    ({"role_name": "has space"}, "A role name has 1 to 64 letters"),
    ({"role_name": "path/name"}, "A role name has 1 to 64 letters"),
    ({"all_regions": ""}, "Choose All regions or Specific regions."),
    ({"all_regions": "some"}, "Choose at least one region, or All regions."),
    ({"all_regions": "some", "regions": ["moon-1"]}, "AWS has no region moon-1 here."),
    (
        {"all_regions": "some", "region_patterns": "us-moon-1"},
        "AWS has no region that is called or matches us-moon",
    ),
    ({"all_regions": "some", "region_patterns": "cn-*"}, "matches cn-* in its partition aws."),
    ({"default_region": "moon-1"}, "AWS has no region moon-1 here."),
    ({"max_error_retry_attempts": "0"}, "Enter a number of attempts, at least 1."),
    ({"max_error_retry_attempts": ""}, "Enter a number of attempts, at least 1."),
    ({"max_error_retry_attempts": "1000000"}, "Enter 1,000 at most."),
    ({"min_error_retry_delay": "-1"}, "Enter a number of milliseconds, at least 1."),
    ({"min_error_retry_delay": "soon"}, "Enter a number of milliseconds, at least 1."),
    ({"ignore_error_codes": "Access Denied!"}, "Denied! cannot be an error code"),
]


def test_what_cannot_be_right_is_refused_and_the_rest_is_kept(in_org: Walk) -> None:
    in_org.to("connection")
    for change, sentence in REFUSED:
        in_org.post("connection", **CONNECTION | change)
        assert sentence in in_org.page, change
        assert in_org.draft().steps_done == 3
        assert in_org.draft().handle_prefix == ("" if "handle_prefix" in change else "acme_")
        for typed in change.values():
            assert f'value="{typed}"' in in_org.html or typed in ("", "some", "moon-1", ["moon-1"])


def test_all_regions_wins_over_boxes_that_are_still_checked(in_org: Walk) -> None:
    in_org.to("connection").post("connection", **CONNECTION | {"regions": ["us-east-1"], "region_patterns": "eu-*"})
    assert in_org.draft().options["regions"] == ["*"]


def test_a_prefix_shows_what_it_makes_of_a_name_as_one_types(in_org: Walk) -> None:
    in_org.to("connection")
    headers = {"HX-Request": "true", "HX-Target": "id_handle_prefix-status"}
    for typed, sentence in (
        ("acme_", "The account “Web Production” becomes the connection acme_web_production."),
        ("", "becomes the connection web_production."),
        ("Acme", "Start with a lower-case letter"),
    ):
        in_org.answer = in_org.client.get(in_org.url("connection"), {"handle_prefix": typed}, headers=headers)
        assert sentence in in_org.page
        assert "<form" not in in_org.html


def test_patterns_show_which_regions_they_mean_as_one_types(in_org: Walk) -> None:
    in_org.to("connection")
    headers = {"HX-Request": "true", "HX-Target": "id_region_patterns-status"}
    for typed, sentence in (
        ("us-*", "Matches 4 regions: us-east-1, us-east-2, us-west-1, us-west-2."),
        ("eu-*, sa-east-1", " and 3 more."),
        ("mars-*", "AWS has no region that is called or matches mars-*"),
    ):
        in_org.answer = in_org.client.get(in_org.url("connection"), {"region_patterns": typed}, headers=headers)
        assert sentence in in_org.page


def discovered(draft: Draft, *names: str) -> None:
    """Let Test Discovery have found accounts of these names."""
    accounts = tuple(
        SnapshotAccount(f"10000000000{number}", "r-ab12", name, AccountState.ACTIVE, timezone.now())
        for number, name in enumerate(names)
    )
    found = Snapshot("o-acme123456", "100000000000", (SnapshotFolder("r-ab12", None, "Root"),), accounts)
    kind = AccessTest.Kind.DISCOVERY
    own: dict[str, Any] = {"tenant": draft.tenant, "subject": draft.uid, "kind": kind, "state": "passed"}
    AccessTest.objects.create(
        **own, fingerprint=findings.fingerprint(draft, kind), report={"who": {"partition": "aws"}}, snapshot=pack(found)
    )


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("aws_", "The account “Acme Billing” becomes the connection aws_acme_billing."),
        ("acme_", "The account “Acme Billing” becomes the connection acme_acme_billing."),
        ("acme_", "2 of 3 discovered accounts have acme_ in front of their names already."),
        ("ACME-", "Try acme_"),
        ("1-Acme", "Try acme"),
    ],
)
def test_the_example_is_an_account_that_was_discovered(in_org: Walk, typed: str, sentence: str) -> None:
    in_org.to("connection")
    with isolation.as_tenant(in_org.tenant.pk):
        discovered(in_org.draft(), "sandbox", "Acme Billing", "Acme-Web")
    headers = {"HX-Request": "true", "HX-Target": "id_handle_prefix-status"}
    in_org.answer = in_org.client.get(in_org.url("connection"), {"handle_prefix": typed}, headers=headers)
    assert sentence in in_org.page


def test_rotate_changes_the_id_of_the_accounts_only(in_org: Walk) -> None:
    before = in_org.to("connection").draft()
    in_org.post("connection", do="rotate", **CONNECTION | {"role_name": "Reader"})
    after = in_org.draft()
    assert after.connection_external_id != before.connection_external_id
    assert after.discovery_external_id == before.discovery_external_id
    assert after.role_name == "Reader"


def test_manual_setup_names_the_role_and_the_id(in_org: Walk) -> None:
    in_org.to("connection").post("connection", do="keep", **CONNECTION | {"role_name": "Reader"})
    in_org.get("connection")
    assert "Enter this Role name, the same in every account, then choose Create role. Reader" in in_org.page
    assert f'"sts:ExternalId": "{in_org.draft().connection_external_id}"' in in_org.page


@pytest.mark.parametrize("name", ["region_patterns", "ignore_error_codes"])
def test_lists_that_nobody_types_are_refused_before_they_are_looked_at(name: str) -> None:
    draft = Draft(role_arn="arn:aws:iam::123456789012:role/pipes")
    form = ConnectionForm(draft, {"all_regions": "some", name: ", ".join(f"us-{number}*" for number in range(1000))})
    assert "at most 2000 characters" in form.errors[name][0]
