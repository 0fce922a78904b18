"""An AWS organization that can be built and changed in the same words in our stand-in and in moto."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from integrations.aws.session import KeyCredentials, RoleCredentials
from tests.fakes.aws import RunningAws, new_organization, reading_organizations, running_aws

EXTERNAL_ID = "o_acme:abcdefghijklmnopqrstuvwxyz"
SESSION_NAME = "pipes-acme-sync"


class PlainAws(Protocol):
    """An AWS organization with one management account, and the two ways into it."""

    endpoint_url: str
    management_account_id: str
    root_id: str
    role: RoleCredentials
    key: KeyCredentials

    def create_unit(self, name: str, parent_id: str) -> str:
        """Add an OU; returns its id."""

    def create_account(self, name: str, parent_id: str) -> str:
        """Add an account; returns its id."""

    def rename_unit(self, unit_id: str, name: str) -> None:
        """Give an OU another name."""

    def delete_unit(self, unit_id: str) -> None:
        """Delete an empty OU."""

    def move(self, account_id: str, parent_id: str) -> None:
        """Move an account."""

    def remove(self, account_id: str) -> None:
        """Take an account out of the AWS organization."""

    def dissolve(self) -> None:
        """End the AWS organization."""


@dataclass
class InStandIn:
    """``PlainAws`` in our stand-in."""

    aws: RunningAws
    role: RoleCredentials
    key: KeyCredentials

    def __post_init__(self) -> None:
        self.endpoint_url = self.aws.endpoint_url
        self.management_account_id = self.aws.organization.management_account_id
        self.root_id = self.aws.organization.root_id

    def create_unit(self, name: str, parent_id: str) -> str:
        """Add an OU; returns its id."""
        return self.aws.organization.create_unit(name, parent=parent_id).id

    def create_account(self, name: str, parent_id: str) -> str:
        """Add an account; returns its id."""
        return self.aws.organization.create_account(name, parent=parent_id).id

    def rename_unit(self, unit_id: str, name: str) -> None:
        """Give an OU another name."""
        self.aws.organization.rename(unit_id, name)

    def delete_unit(self, unit_id: str) -> None:
        """Delete an empty OU."""
        self.aws.organization.delete_unit(unit_id)

    def move(self, account_id: str, parent_id: str) -> None:
        """Move an account."""
        self.aws.organization.move(account_id, parent_id)

    def remove(self, account_id: str) -> None:
        """Take an account out of the AWS organization."""
        self.aws.organization.remove(account_id)

    def dissolve(self) -> None:
        """End the AWS organization."""
        self.aws.world.organizations.clear()


@dataclass
class InMoto:
    """``PlainAws`` in moto, which lets everybody in and keeps one AWS organization for its default account."""

    endpoint_url: str
    client: Any
    management_account_id: str = "123456789012"

    def __post_init__(self) -> None:
        self.root_id = str(self.client.list_roots()["Roots"][0]["Id"])
        role_arn = f"arn:aws:iam::{self.management_account_id}:role/pipes-discovery"
        self.role = RoleCredentials(role_arn, EXTERNAL_ID, SESSION_NAME)
        self.key = KeyCredentials("AKIAIOSFODNN7EXAMPLE", "a" * 40)

    def create_unit(self, name: str, parent_id: str) -> str:
        """Add an OU; returns its id."""
        answer = self.client.create_organizational_unit(ParentId=parent_id, Name=name)
        return str(answer["OrganizationalUnit"]["Id"])

    def create_account(self, name: str, parent_id: str) -> str:
        """Add an account; returns its id."""
        answer = self.client.create_account(AccountName=name, Email=f"{name}@example.com".replace(" ", "-"))
        account_id = str(answer["CreateAccountStatus"]["AccountId"])
        if parent_id != self.root_id:
            self.move(account_id, parent_id)
        return account_id

    def rename_unit(self, unit_id: str, name: str) -> None:
        """Give an OU another name."""
        self.client.update_organizational_unit(OrganizationalUnitId=unit_id, Name=name)

    def delete_unit(self, unit_id: str) -> None:
        """Delete an empty OU."""
        self.client.delete_organizational_unit(OrganizationalUnitId=unit_id)

    def move(self, account_id: str, parent_id: str) -> None:
        """Move an account."""
        source_id = self.client.list_parents(ChildId=account_id)["Parents"][0]["Id"]
        self.client.move_account(AccountId=account_id, SourceParentId=source_id, DestinationParentId=parent_id)

    def remove(self, account_id: str) -> None:
        """Take an account out of the AWS organization."""
        self.client.remove_account_from_organization(AccountId=account_id)

    def dissolve(self) -> None:
        """End the AWS organization."""
        self.client.delete_organization()


@contextmanager
def in_stand_in() -> Iterator[InStandIn]:
    """Serve a fresh AWS organization in our stand-in."""
    with running_aws(new_organization("acme")) as aws:
        role_arn = aws.roles.create_discovery(EXTERNAL_ID)
        key = aws.roles.create_key("pipes", reading_organizations())
        yield InStandIn(aws, RoleCredentials(role_arn, EXTERNAL_ID, SESSION_NAME), KeyCredentials(key.id, key.secret))


def in_moto(endpoint_url: str) -> InMoto:
    """Begin a fresh AWS organization in a moto server that runs already."""
    import boto3

    client = boto3.client(
        "organizations",
        "us-east-1",
        endpoint_url=endpoint_url,
        aws_access_key_id="AKIAAAAAAAAAAAAAAAAA",
        aws_secret_access_key="a" * 40,
    )
    client.create_organization(FeatureSet="ALL")
    return InMoto(endpoint_url, client)
