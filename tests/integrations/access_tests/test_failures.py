"""What is wrong in several accounts is said once; and with it, what Pipes expects of the role."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections.models import Health
from integrations.access import failures
from integrations.models.access_test_values import Account, TriedAccount
from tests import factories
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.access_tests.test_connection import connect, make_member_roles
from tests.integrations.conftest import Synced
from tests.integrations.wizard.conftest import Walk
from workspaces import isolation


def tried(number: int, sentence: str, *, is_green: bool = False) -> TriedAccount:
    account_id = f"{number:012}"
    return TriedAccount(account_id, f"arn:{account_id}", is_green, sentence.format(account_id), f"Account {number}")


def test_sentences_that_differ_by_the_account_alone_are_one() -> None:
    found = failures.of_test(
        [
            tried(1, "AWS refused arn:aws:iam::{}:role/x."),
            tried(2, "The role works.", is_green=True),
            tried(3, "AWS throttles {}."),
            tried(4, "AWS refused arn:aws:iam::{}:role/x."),
        ]
    )
    assert found == [
        failures.Failure(
            "AWS refused arn:aws:iam::{account id}:role/x.",
            2,
            (Account("000000000001", "Account 1"), Account("000000000004", "Account 4")),
        ),
        failures.Failure("AWS throttles 000000000003.", 1, (Account("000000000003", "Account 3"),)),
    ]


def test_a_failed_test_says_each_thing_once_and_what_is_expected(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery").post("discovery", **in_org.credentials(aws))
    make_member_roles(in_org, aws, "Management")
    connect(in_org)
    assert in_org.page.count("AWS refused AssumeRole for") == 1
    assert "2 accounts: AWS refused AssumeRole for arn:aws:iam::{account id}:role/pipes-connection" in in_org.page
    for name in ("Prod", "Dev"):
        assert f"{name} {aws.organization.find_account(name).id}" in in_org.page
    for value in (VENDOR_ROLE_ARN, in_org.draft().connection_external_id, "sts.us-east-1.amazonaws.com"):
        assert f'data-copy="{value}"' in in_org.html
    make_member_roles(in_org, aws, "Prod", "Dev")
    connect(in_org)
    assert "What Pipes expects of the role" not in in_org.page
    assert "The role works in 3 accounts:" in in_org.page


def test_a_failed_discovery_says_what_is_expected(in_org: Walk, aws: RunningAws) -> None:
    in_org.to("discovery").post("discovery", do="test", access_mode="role", role_arn="arn:aws:iam::123456789012:role/x")
    in_org.run_test()
    in_org.get("discovery")
    assert 'data-copy="arn:aws:iam::123456789012:role/x"' in in_org.html
    assert f'data-copy="{in_org.draft().discovery_external_id}"' in in_org.html
    key = aws.roles.create_key("somebody")
    values = {"access_mode": "key", "access_key": key.id, "secret_key": key.secret}
    in_org.post("discovery", do="test", **values)
    in_org.run_test()
    in_org.get("discovery")
    assert "What Pipes expects of the role" not in in_org.page


def fail(mirror: Synced, number: int) -> None:
    """Let so many more accounts of the mirror fail for one reason."""
    root = mirror.integration.root_folder
    for at in range(number):
        account = f"{at:03}{number:09}"
        factories.connection(
            mirror.integration.scope,
            f"Failing {number}-{at}",
            folder=root,
            source_id=account,
            health=Health.FAILING,
            health_tested_at=mirror.integration.created_at,
            health_reason=f"AWS refused arn:aws:iam::{account}:role/x.\nCompare it.",
        )


def test_the_page_of_what_fails_says_each_reason_once(mirror: Synced, cast: Cast, as_org_owner: Client) -> None:
    page = f"/tenants/acme/orgs/tnt/integrations/{mirror.integration.handle}/?health=failing"
    as_org_owner.get(page)  # the first one of a session asks more
    counts = []
    for number in (3, 60):
        with isolation.as_tenant(cast.acme.pk):
            fail(mirror, number)
        with CaptureQueriesContext(connection) as queries:
            html = as_org_owner.get(page).content.decode()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    with isolation.as_tenant(cast.acme.pk):
        (one,) = failures.of_connections(mirror.integration.root_folder)
    assert (one.number, len(one.accounts), one.more) == (63, 50, 13)
    assert "<strong>63 accounts:</strong> AWS refused arn:aws:iam::{account id}:role/x." in html
    assert "and 13 more" in html
    assert f'data-copy="{mirror.integration.connection_external_id}"' in html
