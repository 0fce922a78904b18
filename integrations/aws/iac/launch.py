"""Templates that are the same for everybody, and links that launch them with everything filled in.

CloudFormation takes a template from a link only out of S3. The operator of an installation puts them there once
(``manage.py publish_templates``), under a name that follows from what is in them, so that none ever changes under
people, and a link never leads to another one than this version's.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

from integrations.aws.iac.files import fill
from integrations.aws.iac.members import member_template
from integrations.aws.regions import home_region, regions

_MARK: Final = "\0"
_LONGEST_URL: Final = 4000  # what browsers and the console take without doubt
# Of the isolated partitions the console is not public.
_CONSOLES: Final = {
    "aws": "{region}.console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_BUCKET_URL: Final = re.compile(
    r"https://[a-z0-9-]+\.s3\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?:[\w.-]+/)*([0-9a-f]{16})/"
)


@lru_cache(maxsize=1)
def templates() -> Mapping[str, str]:
    """Give each template without a value: all are parameters that AWS asks for, or that a link brings."""
    values = dict.fromkeys(("role_name", "principal_arn", "external_id", "policy_name", "policy_owner"), _MARK)
    texts = {
        "discovery": fill("discovery.yaml", values),
        "members": member_template(values | {"has_management": "true"}),
    }
    without = re.compile(rf'^ *Default: "{_MARK}"\n', re.MULTILINE)
    return {f"pipes-{name}.yaml": without.sub("", text) for name, text in texts.items()}


@lru_cache(maxsize=1)
def version() -> str:
    """Give what the templates of this version lie under: it follows from what is in them."""
    digest = hashlib.sha256()
    for name, text in sorted(templates().items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:16]


def link(*, published: str, partition: str, template: str, stack: str, parameters: Mapping[str, str]) -> str:
    """Give the address at which the AWS console launches a published template; empty where that cannot be.

    ``published`` is where the templates lie: of this version, and in a bucket of the same partition.
    """
    found = _BUCKET_URL.fullmatch(published)
    if found is None or found[2] != version() or partition not in _CONSOLES:
        return ""
    if found[1] not in {region.code for region in regions(partition)}:
        return ""
    region = home_region(partition)
    given = {"templateURL": published + template, "stackName": stack}
    given |= {f"param_{name}": value for name, value in parameters.items()}
    host = _CONSOLES[partition].format(region=region)
    url = (
        f"https://{host}/cloudformation/home?region={region}#/stacks/create/review?{urlencode(given, quote_via=quote)}"
    )
    return url if len(url) <= _LONGEST_URL else ""
