"""The table of regions says what AWS's own library says."""

import subprocess
import sys

import pytest

from integrations.aws.regions import PARTITIONS, Region, home_region, partition_of_arn, regions, sts_endpoint


def test_the_table_is_that_of_botocore() -> None:
    import botocore.session

    data = botocore.session.Session().get_data("endpoints")
    theirs = {
        partition["partition"]: {code: region["description"] for code, region in partition["regions"].items()}
        for partition in data["partitions"]
    }
    ours = {partition: {region.code: region.name for region in regions(partition)} for partition in PARTITIONS}
    assert ours == theirs


def test_organizations_is_asked_where_its_partition_has_it() -> None:
    import botocore.session

    for partition in botocore.session.Session().get_data("endpoints")["partitions"]:
        endpoints = partition["services"].get("organizations", {}).get("endpoints", {})
        scopes = {endpoint["credentialScope"]["region"] for endpoint in endpoints.values()}
        name = partition["partition"]
        assert scopes <= {home_region(name)}
        assert home_region(name) in {region.code for region in regions(name)}


def test_a_partition_has_its_own_regions_only() -> None:
    assert regions("aws-cn") == (Region("cn-north-1", "China (Beijing)"), Region("cn-northwest-1", "China (Ningxia)"))


def test_an_arn_names_its_partition() -> None:
    assert partition_of_arn("arn:aws-us-gov:iam::123456789012:role/x") == "aws-us-gov"
    with pytest.raises(ValueError, match="no partition"):
        partition_of_arn("arn:azure:iam::123456789012:role/x")


def test_importing_our_client_does_not_bring_awss_library() -> None:
    modules = "role_checks", "external_id", "iac", "identifiers", "discovery.read", "regions", "session"
    code = f"import sys; sys.path.insert(0, '.'); {'; '.join(f'import integrations.aws.{name}' for name in modules)}"
    check = "; sys.exit(bool({'boto3', 'botocore'} & sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", code + check], check=True, timeout=30)


def test_sts_is_asked_where_awss_library_asks_it() -> None:
    import botocore.session

    session = botocore.session.Session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "x")
    ours = {partition: f"https://{sts_endpoint(partition)}" for partition in PARTITIONS}
    theirs = {name: session.create_client("sts", home_region(name)).meta.endpoint_url for name in PARTITIONS}
    assert ours == theirs
