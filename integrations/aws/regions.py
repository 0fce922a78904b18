"""The partitions and regions of AWS, as a table in code: requests read it, and botocore's data is slow to load."""

import re
from dataclasses import dataclass
from typing import Final

_SIDE: Final = re.compile(r"(?<!Middle) (east|west|south)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Region:
    """One region: ``code`` as APIs name it, ``name`` as the AWS console shows it."""

    code: str
    name: str

    @property
    def area(self) -> str:
        """The part of the world, as its name says it: *US* of US East (Ohio)."""
        return _SIDE.sub("", self.name.partition(" (")[0])


# Compared with botocore's endpoint data by a test, which prints what is missing after an upgrade.
_REGIONS: Final[dict[str, dict[str, str]]] = {
    "aws": {
        "af-south-1": "Africa (Cape Town)",
        "ap-east-1": "Asia Pacific (Hong Kong)",
        "ap-east-2": "Asia Pacific (Taipei)",
        "ap-northeast-1": "Asia Pacific (Tokyo)",
        "ap-northeast-2": "Asia Pacific (Seoul)",
        "ap-northeast-3": "Asia Pacific (Osaka)",
        "ap-south-1": "Asia Pacific (Mumbai)",
        "ap-south-2": "Asia Pacific (Hyderabad)",
        "ap-southeast-1": "Asia Pacific (Singapore)",
        "ap-southeast-2": "Asia Pacific (Sydney)",
        "ap-southeast-3": "Asia Pacific (Jakarta)",
        "ap-southeast-4": "Asia Pacific (Melbourne)",
        "ap-southeast-5": "Asia Pacific (Malaysia)",
        "ap-southeast-6": "Asia Pacific (New Zealand)",
        "ap-southeast-7": "Asia Pacific (Thailand)",
        "ca-central-1": "Canada (Central)",
        "ca-west-1": "Canada West (Calgary)",
        "eu-central-1": "Europe (Frankfurt)",
        "eu-central-2": "Europe (Zurich)",
        "eu-north-1": "Europe (Stockholm)",
        "eu-south-1": "Europe (Milan)",
        "eu-south-2": "Europe (Spain)",
        "eu-west-1": "Europe (Ireland)",
        "eu-west-2": "Europe (London)",
        "eu-west-3": "Europe (Paris)",
        "il-central-1": "Israel (Tel Aviv)",
        "me-central-1": "Middle East (UAE)",
        "me-south-1": "Middle East (Bahrain)",
        "mx-central-1": "Mexico (Central)",
        "sa-east-1": "South America (Sao Paulo)",
        "us-east-1": "US East (N. Virginia)",
        "us-east-2": "US East (Ohio)",
        "us-west-1": "US West (N. California)",
        "us-west-2": "US West (Oregon)",
    },
    "aws-cn": {"cn-north-1": "China (Beijing)", "cn-northwest-1": "China (Ningxia)"},
    "aws-us-gov": {"us-gov-east-1": "AWS GovCloud (US-East)", "us-gov-west-1": "AWS GovCloud (US-West)"},
    "aws-eusc": {"eusc-de-east-1": "AWS European Sovereign Cloud (Germany)"},
    "aws-iso": {"us-iso-east-1": "US ISO East", "us-iso-west-1": "US ISO WEST"},
    "aws-iso-b": {"us-isob-east-1": "US ISOB East (Ohio)", "us-isob-west-1": "US ISOB West"},
    "aws-iso-e": {"eu-isoe-west-1": "EU ISOE West"},
    "aws-iso-f": {"us-isof-east-1": "US ISOF EAST", "us-isof-south-1": "US ISOF SOUTH"},
}

# Organizations has one endpoint in each partition; STS is asked in the same region, which no account can switch off.
# Source: the partition endpoints in botocore's endpoint data; the test compares them.
_HOME_REGIONS: Final[dict[str, str]] = {
    "aws": "us-east-1",
    "aws-cn": "cn-northwest-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}

_SUFFIXES: Final[dict[str, str]] = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}

PARTITIONS: Final[tuple[str, ...]] = tuple(_REGIONS)


def regions(partition: str) -> tuple[Region, ...]:
    """The regions of a partition by code, opt-in regions included; raises KeyError for an unknown partition."""
    return tuple(Region(code, name) for code, name in sorted(_REGIONS[partition].items()))


def home_region(partition: str) -> str:
    """The region whose Organizations and STS endpoints we call; raises KeyError for an unknown partition."""
    return _HOME_REGIONS[partition]


def sts_endpoint(partition: str) -> str:
    """The host at which we ask STS for roles of that partition; raises KeyError for an unknown partition."""
    return f"sts.{home_region(partition)}.{_SUFFIXES.get(partition, 'amazonaws.com')}"


def partition_of_region(code: str) -> str:
    """The partition that a region is in; that of most accounts for one that is not known here yet."""
    return next((partition for partition, names in _REGIONS.items() if code in names), "aws")


def partition_of_arn(arn: str) -> str:
    """The partition that an ARN names.

    Raises ValueError with a sentence when the text is no ARN or AWS has no such partition.
    """
    prefix, _, rest = arn.partition(":")
    partition, colon, _ = rest.partition(":")
    if prefix != "arn" or not colon:
        raise ValueError("This is not an ARN: it must begin with 'arn:', as in arn:aws:iam::123456789012:role/Name.")
    if partition not in _REGIONS:
        raise ValueError(f"AWS has no partition {partition!r}; an ARN begins with 'arn:aws:' in most accounts.")
    return partition
