"""The Properties of a connection: the account behind it, the role that Pipes assumes there, the way to its console."""

import pytest
from django.test import Client

from connections import manual_nodes
from connections.models import Connection
from integrations.aws.identifiers import console_url
from integrations.models import AccountAccess, Integration
from integrations.nodes import account_access
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from tests.integrations.in_use import text_of
from workspaces import isolation

BASE = "/tenants/acme/orgs/tnt/connections/"


def page(client: Client, node: Connection) -> str:
    return client.get(f"{BASE}{node.pk}/").content.decode()


def test_a_discovered_connection_shows_its_account_and_the_way_there(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        node = Connection.objects.select_related("folder").get(title="Prod")
        Integration.objects.update(role_name="pipes-connection")
    html = page(as_org_owner, node)
    role_arn = f"arn:aws:iam::{node.source_id}:role/pipes-connection"
    assert f'data-copy="{role_arn}"' in html
    assert f'data-copy="{node.source_id}"' in html
    assert node.folder is not None
    assert "OU path Root" in text_of(html)
    assert f'href="{BASE}folders/{node.folder_id}/"' in html
    url = f"https://signin.aws.amazon.com/switchrole?account={node.source_id}"
    assert f'<a href="{url}" target="_blank" rel="noopener noreferrer">Open in AWS' in html
    assert "roleName" not in html
    assert node.joined_at is not None
    assert f"Joined the AWS organization {node.joined_at:%Y-%m-%d}" in text_of(html)
    assert f'data-copy="aws+{node.source_id}@example.com"' in html
    assert "Management account" not in html


def test_the_management_account_says_that_it_is_the_one(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        management_id = Integration.objects.get().management_account_id
        node = Connection.objects.get(source_id=management_id)
    assert "Management account" in page(as_org_owner, node)


def test_one_made_by_hand_shows_what_its_role_says(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        folder = manual_nodes.create_folder(
            scope=cast.at_org, parent=None, handle="mine", title="Mine", by=cast.org_owner
        )
        node = account_access.create_connection(
            scope=cast.at_org, folder=folder, handle="lone", title="Lone", by=cast.org_owner
        )
    html = page(as_org_owner, node)
    assert "Open in AWS" not in html
    assert "Role ARN" not in html
    role_arn = "arn:aws-cn:iam::123456789012:role/them/pipes"
    with isolation.as_tenant(cast.acme.pk):
        AccountAccess.objects.filter(connection=node).update(role_arn=role_arn)
    html = page(as_org_owner, node)
    assert f'data-copy="{role_arn}"' in html
    assert 'data-copy="123456789012"' in html
    assert "https://signin.amazonaws.cn/switchrole?account=123456789012" in html
    assert "Folder Mine" in text_of(html)


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "signin.aws.amazon.com"),
        ("aws-us-gov", "signin.amazonaws-us-gov.com"),
        ("aws-cn", "signin.amazonaws.cn"),
    ],
)
def test_each_partition_has_its_own_console(partition: str, host: str) -> None:
    assert console_url(partition, "123456789012") == f"https://{host}/switchrole?account=123456789012"


def test_what_has_no_public_console_has_no_link() -> None:
    assert console_url("aws-iso", "123456789012") == ""
