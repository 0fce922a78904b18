"""Names that others gave, in searches and in our sentences."""

import re
from typing import Final

_DIRECTIONS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def isolated(named: object) -> str:
    """Keep the direction in which a name is written from the sentence around it, as ``<bdi>`` does in a template."""
    name = str(named)
    return name if name.isascii() else f"\u2068{_DIRECTIONS.sub('', name)}\u2069"


def id_in_arn(arn: str) -> str:
    """Give the id that an ARN names: the last part of what belongs to a provider's tree, else the account."""
    _, _, service, _, account_id, resource = (arn.split(":", 5) + [""] * 6)[:6]
    return resource.rpartition("/")[2] if service == "organizations" else account_id
