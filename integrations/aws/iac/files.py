"""The files that customers run: CloudFormation templates and Terraform plans, with every value filled in."""

import re
import string
from pathlib import Path
from typing import Final

from integrations.aws.iac.values import check_partition, checked
from integrations.aws.regions import home_region

FILES: Final = Path(__file__).resolve().parents[3] / "templates" / "integrations" / "aws" / "iac"

_ENDPOINT: Final = re.compile(r"https?://[0-9A-Za-z.:\[\]-]{1,255}(?:/[0-9A-Za-z._~-]+)*/events/[0-9a-f-]{36}/")


class _File(string.Template):
    """A file with ``@@name`` where a value goes: ``$`` and ``{{`` mean something of their own in these files."""

    delimiter = "@@"


def discovery_terraform(*, partition: str, principal_arn: str, external_id: str, role_name: str) -> str:
    """A Terraform plan for the discovery role; it needs no further input and outputs ``role_arn``.

    Raises ValueError with a sentence when a value cannot be right (so do all functions here).
    """
    values = checked(partition, principal_arn, external_id, role_name)
    return fill("discovery.tf", values | {"home_region": home_region(partition)})


def discovery_cloudformation(*, partition: str, principal_arn: str, external_id: str, role_name: str) -> str:
    """A CloudFormation template for the discovery role; it needs no further input and outputs ``RoleArn``."""
    return fill("discovery.yaml", checked(partition, principal_arn, external_id, role_name))


def events_cloudformation(*, partition: str, endpoint: str, key_header: str) -> str:
    """A CloudFormation template that sends the changes of an AWS organization to ``endpoint``.

    The key, which proves where they come from, is a parameter without a default: it is in no file.
    """
    check_partition(partition)
    if not _ENDPOINT.fullmatch(endpoint):
        raise ValueError("The address for events is not one that was made here.")
    values = {"endpoint": endpoint, "key_header": key_header, "home_region": home_region(partition)}
    return fill("events.yaml", values)


def fill(name: str, values: dict[str, str]) -> str:
    """Give one of our files with its values, which were checked before."""
    return _File((FILES / name).read_text(encoding="utf-8")).substitute(values)
