"""The setup files of a draft."""

import hcl2
import pytest
from pytest_django.fixtures import Settings

from tests.integrations.wizard.conftest import CONNECTION, ROLE_ARN, Walk


def download(walk: Walk, file: str) -> str:
    url = walk.scope.url("integration_draft_download", draft=walk.draft().uid, file=file)
    walk.answer = walk.client.get(url)
    return walk.html


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("discovery.tf", "pipes-discovery-awsi.tf"),
        ("discovery.yaml", "pipes-discovery-awsi.yaml"),
        ("members.yaml", "pipes-members-awsi.yaml"),
    ],
)
def test_a_file_is_an_attachment_with_a_telling_name(in_tenant: Walk, file: str, name: str) -> None:
    in_tenant.to("discovery")
    text = download(in_tenant, file)
    assert in_tenant.answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    draft = in_tenant.draft()
    wanted = draft.connection_external_id if file == "members.yaml" else draft.discovery_external_id
    assert wanted in text
    if file.endswith(".tf"):
        assert hcl2.loads(text)
    else:
        from cfnlint import decode  # which takes half a second

        template, problems = decode.decode_str(text)
        assert template
        assert not problems


def test_the_stackset_carries_the_role_name_that_was_saved(in_org: Walk) -> None:
    in_org.to("connection")
    assert f'Default: "{in_org.draft().role_name}"' in download(in_org, "members.yaml")
    in_org.post("connection", do="keep", **CONNECTION | {"role_name": "Reader"})
    assert 'Default: "Reader"' in download(in_org, "members.yaml")


def test_a_rotated_id_is_in_the_next_download(in_org: Walk) -> None:
    before = download(in_org.to("discovery"), "discovery.tf")
    in_org.post("discovery", do="rotate")
    after = download(in_org, "discovery.tf")
    assert before != after
    assert in_org.draft().discovery_external_id in after


def test_there_is_nothing_to_download_without_an_identity_of_our_own(settings: Settings, in_org: Walk) -> None:
    in_org.to("discovery")
    settings.PIPES_AWS_PRINCIPALS = {}
    download(in_org, "discovery.tf")
    assert in_org.at == "discovery"
    in_org.get("discovery")
    assert "Ask its operator to set PIPES_AWS_PRINCIPAL_ARN." in in_org.page


def test_china_has_no_stackset_and_says_so(settings: Settings, in_org: Walk) -> None:
    settings.PIPES_AWS_PRINCIPALS |= {"aws-cn": "arn:aws-cn:iam::999999999999:role/pipes"}
    in_org.to("connection", discovery={"role_arn": ROLE_ARN.replace("aws:", "aws-cn:", 1)})
    assert "AWS China has no service-managed StackSets." in in_org.page
    assert "Download CloudFormation StackSet" not in in_org.page
    download(in_org, "members.yaml")
    assert in_org.at == "connection"
    assert "arn:aws-cn:iam::999999999999:role/pipes" in download(in_org, "discovery.yaml")


def test_another_file_is_not_found(in_org: Walk) -> None:
    in_org.to("discovery")
    download(in_org, "passwords.txt")
    assert in_org.answer.status_code == 404
