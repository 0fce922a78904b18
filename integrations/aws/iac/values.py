"""What may be put into a file: each check takes a whole value, and raises ValueError with a sentence."""

import re
from typing import Final

from integrations.aws.identifiers import check_role_name
from integrations.aws.regions import PARTITIONS

_PRINCIPAL: Final = re.compile(r"arn:([a-z-]+):iam::[0-9]{12}:(?:role|user)/[0-9A-Za-z_+=,.@/-]{1,512}")
_EXTERNAL_ID: Final = re.compile(r"[to]_[0-9a-z]{1,64}:[a-z2-7]{26}")


def checked(partition: str, principal_arn: str, external_id: str, role_name: str) -> dict[str, str]:
    check_trust(partition, principal_arn, external_id)
    return {"role_name": check_role_name(role_name), "principal_arn": principal_arn, "external_id": external_id}


def check_trust(partition: str, principal_arn: str, external_id: str) -> None:
    check_partition(partition)
    principal = _PRINCIPAL.fullmatch(principal_arn)
    if not principal:
        raise ValueError("The principal that a role trusts is the ARN of one IAM role or user, never a whole account.")
    if principal[1] != partition:
        raise ValueError(f"A role in the partition {partition} cannot trust a principal of {principal[1]}.")
    if not _EXTERNAL_ID.fullmatch(external_id):
        raise ValueError("The external id is not one that was made here.")


def check_partition(partition: str) -> None:
    if partition not in PARTITIONS:
        raise ValueError(f"AWS has no partition {partition!r}.")
