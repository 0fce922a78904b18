"""Templates that are the same for everybody: published once, never changed, and launched by links that fill them in."""

from collections.abc import Iterator
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from integrations.aws import template_bucket
from integrations.aws.iac import launch
from pipes import env
from tests.fakes.aws import template as cloudformation
from tests.integrations.aws.cloudformation import problems_of
from tests.integrations.aws.made_files import DISCOVERY, MEMBER

HERE = f"https://acme-templates.s3.eu-central-1.amazonaws.com/pipes/{launch.version()}/"


@pytest.mark.parametrize("name", sorted(launch.templates()))
def test_a_template_for_everybody_is_sound_and_names_nobody(name: str) -> None:
    text = launch.templates()[name]
    assert problems_of(text) == []
    assert "\0" not in text
    assert "@@" not in text


def link(template: str, **changes: Any) -> str:
    given: dict[str, Any] = {
        "published": HERE,
        "partition": "aws",
        "template": template,
        "stack": "pipes-awsi",
        "parameters": {"RoleName": "a+b", "ExternalId": "o_1:x", "OrganizationalUnitIds": "ou-1,ou-2"},
    }
    return launch.link(**given | changes)


def test_a_link_opens_the_template_of_this_version_with_its_parameters() -> None:
    console = urlsplit(link("pipes-members.yaml"))
    assert (console.netloc, console.path) == ("us-east-1.console.aws.amazon.com", "/cloudformation/home")
    page, _, query = console.fragment.partition("?")
    assert (console.query, page) == ("region=us-east-1", "/stacks/create/review")
    assert parse_qs(query) == {
        "templateURL": [f"{HERE}pipes-members.yaml"],
        "stackName": ["pipes-awsi"],
        "param_RoleName": ["a+b"],
        "param_ExternalId": ["o_1:x"],
        "param_OrganizationalUnitIds": ["ou-1,ou-2"],
    }


def test_there_is_no_link_to_another_version_or_partition_or_of_another_length() -> None:
    assert link("x", published="") == ""
    assert link("x", published=HERE.replace(launch.version(), "0" * 16)) == ""
    assert link("x", partition="aws-us-gov") == ""
    assert link("x", partition="aws-us-gov", published=HERE.replace("eu-central-1", "us-gov-east-1"))
    assert link("x", partition="aws-iso", published=HERE.replace("eu-central-1", "us-iso-east-1")) == ""
    assert link("x", parameters={"OrganizationalUnitIds": "ou-1," * 1000}) == ""


def test_the_parameters_are_all_that_a_template_asks_for() -> None:
    filled = {"RoleName": "r", "PrincipalArn": DISCOVERY["principal_arn"], "ExternalId": DISCOVERY["external_id"]}
    made = cloudformation.deploy(launch.templates()["pipes-discovery.yaml"], filled, "123456789012", "aws")
    assert made.outputs["RoleArn"] == "arn:aws:iam::123456789012:role/r"
    filled |= {"ExternalId": MEMBER["external_id"], "PolicyName": "SecurityAudit", "PolicyOwner": "aws"}
    filled |= {"OrganizationalUnitIds": "r-ab12", "ManagementAccount": "false"}
    made = cloudformation.deploy(launch.templates()["pipes-members.yaml"], filled, "123456789012", "aws")
    assert (made.roles, made.stack_sets[0].targets) == ([], ["r-ab12"])
    assert made.stack_sets[0].parameters["PolicyName"] == "SecurityAudit"


@pytest.fixture
def s3(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An S3 over HTTP, with the operator's bucket in it."""
    from moto.server import ThreadedMotoServer  # which takes a while

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "operator")
    host, port = server.get_host_and_port()
    settings.AWS_ENDPOINT_URL = f"http://{host}:{port}"
    client: Any = boto3.client("s3", region_name="eu-central-1", endpoint_url=settings.AWS_ENDPOINT_URL)
    client.create_bucket(Bucket="acme-templates", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield client
    server.stop()


def test_templates_are_published_once_and_never_written_over(s3: Any) -> None:
    said = StringIO()
    for _ in range(2):
        call_command("publish_templates", bucket="acme-templates", stdout=said)
    assert f"PIPES_TEMPLATES_URL={HERE}\n" in said.getvalue()
    assert '"arn:aws:s3:::acme-templates/pipes/*"' in said.getvalue()
    assert env.templates_url(HERE) == HERE
    for name, text in launch.templates().items():
        assert s3.get_object(Bucket="acme-templates", Key=f"pipes/{launch.version()}/{name}")["Body"].read() == (
            text.encode()
        )
    key = f"other/{launch.version()}/pipes-discovery.yaml"
    s3.put_object(Bucket="acme-templates", Key=key, Body=b"of somebody else")
    with pytest.raises(template_bucket.PublishError, match="is not ours"):
        template_bucket.publish("acme-templates", "other", partition="aws")
    assert s3.get_object(Bucket="acme-templates", Key=key)["Body"].read() == b"of somebody else"
    with pytest.raises(CommandError, match="NoSuchBucket"):
        call_command("publish_templates", bucket="nobodys-bucket", stdout=said)


@pytest.mark.parametrize(("bucket", "prefix"), [("with.dots", "pipes"), ("ok-bucket", "a b"), ("UPPER", "pipes")])
def test_names_that_no_address_could_hold_are_refused(bucket: str, prefix: str) -> None:
    with pytest.raises(CommandError):
        call_command("publish_templates", bucket=bucket, prefix=prefix)


@pytest.mark.parametrize(
    "url", ["https://evil.example/x/", HERE.rstrip("/"), HERE + "x", HERE.replace("https", "http")]
)
def test_another_address_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="publish_templates"):
        env.templates_url(url)
    assert env.templates_url("") == ""
