"""Files name their roles after the integration: a second one on the same AWS organization takes none away."""

import re

import pytest
from django.test import Client

from integrations.models import Draft, Integration
from tests import factories
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.wizard.conftest import BY_KEY, CONNECTION, Walk
from workspaces import isolation


def file_of(walk: Walk, name: str) -> str:
    url = walk.scope.url("integration_draft_download", draft=walk.draft().uid, file=name)
    return str(walk.client.get(url).content.decode())


def names_in(text: str) -> set[str]:
    return set(re.findall(r"pipes-(?:discovery|connection)[a-z0-9_-]*", text))


def test_the_names_carry_the_integration_and_a_part_of_its_id(in_org: Walk) -> None:
    in_org.to("connection", discovery=BY_KEY)
    ours = f"awsi-{in_org.draft().uid.hex[:6]}"
    for file in ("discovery.tf", "discovery.yaml"):
        assert f'"pipes-discovery-{ours}"' in file_of(in_org, file)
    assert names_in(file_of(in_org, "members.yaml")) == {f"pipes-connection-{ours}"}
    assert f'value="pipes-connection-{ours}"' in in_org.html
    assert f"pipes-connection-{ours}" in in_org.page


def test_the_names_stay_when_the_handle_changes(in_org: Walk) -> None:
    in_org.to("discovery")
    before = file_of(in_org, "discovery.yaml"), file_of(in_org, "members.yaml")
    in_org.post("handle", handle="renamed")
    assert in_org.draft().handle == "renamed"
    assert (file_of(in_org, "discovery.yaml"), file_of(in_org, "members.yaml")) == before


def test_two_integrations_of_one_handle_one_after_the_other_get_two_names(in_org: Walk) -> None:
    first = names_in(file_of(in_org.to("connection"), "members.yaml"))
    assert first.isdisjoint(names_in(file_of(in_org.to("connection"), "members.yaml")))


def test_the_longest_handle_leaves_a_name_that_iam_allows(in_org: Walk) -> None:
    in_org.start().post("handle", handle="a" * 39)
    draft = in_org.draft()
    assert len(draft.role_name) == 63
    assert len(draft.discovery_role_name) == 62


def test_a_typed_role_name_is_kept_and_so_is_the_name_of_the_role_that_is_in_use(in_org: Walk) -> None:
    in_org.to("connection").post("connection", **CONNECTION | {"role_name": "Reader"})
    assert 'Default: "Reader"' in file_of(in_org, "members.yaml")
    assert 'Default: "pipes-discovery"' in file_of(in_org, "discovery.yaml")  # that of the Role ARN which was entered


@pytest.mark.parametrize("file", ["discovery.tf", "discovery.yaml", "members.yaml"])
def test_what_is_older_than_these_names_keeps_its_own(
    in_org: Walk, as_org_owner: Client, cast: Cast, file: str
) -> None:
    in_org.to("discovery")
    with isolation.as_tenant(cast.acme.pk):
        Draft.objects.update(discovery_role_name="", role_name="")
        factories.integration(cast.at_org, "old", by=cast.org_owner)
    old = as_org_owner.get(f"/tenants/acme/orgs/tnt/integrations/old/config/downloads/{file}").content.decode()
    for text in (file_of(in_org, file), old):
        assert names_in(text) == {"pipes-connection" if file == "members.yaml" else "pipes-discovery"}


def test_roles_of_two_integrations_live_side_by_side_in_one_aws_organization(in_org: Walk, aws: RunningAws) -> None:
    for number in range(2):
        in_org.to("connection")
        aws.roles.deploy(
            file_of(in_org, "members.yaml"),
            stack_name=f"members-{number}",
            parameters={"OrganizationalUnitIds": aws.organization.root_id},
        )
    names = {role.name for role in aws.iam.roles.values() if role.name.startswith("pipes-connection")}
    assert len(names) == 2


@pytest.fixture
def mirrored(cast: Cast, aws: RunningAws) -> Integration:
    """An integration of the same organization that mirrors the stand-in's AWS organization."""
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, "first", by=cast.org_owner)
        made.source_organization_id, made.role_name = aws.organization.id, "pipes-connection"
        made.save()
    return made


def test_the_pages_say_who_mirrors_this_aws_organization_already(
    in_org: Walk, aws: RunningAws, mirrored: Integration, cast: Cast
) -> None:
    in_org.to("discovery")
    arn = aws.roles.create_discovery(in_org.draft().discovery_external_id)
    assert "mirrors this AWS organization already" not in in_org.page
    in_org.post("discovery", do="test", access_mode="role", role_arn=arn)
    in_org.run_test()
    in_org.get("discovery")
    side_by_side = "The integration first mirrors this AWS organization already. Both work side by side"
    assert side_by_side in in_org.page
    in_org.post("discovery", access_mode="role", role_arn=arn)
    in_org.get("connection")
    assert side_by_side in in_org.page
    with isolation.as_tenant(cast.acme.pk):
        Draft.objects.update(role_name="pipes-connection")
    in_org.get("connection")
    assert "its role in each account is called pipes-connection too" in in_org.page
    assert "Enter another Role Name first." in in_org.page


def test_the_integration_of_another_organization_is_not_named(
    in_org: Walk, aws: RunningAws, mirrored: Integration, cast: Cast, as_tenant_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        other = factories.integration(cast.at_tenant, "second", by=cast.tenant_owner)
        other.source_organization_id = aws.organization.id
        other.save()
    config = as_tenant_owner.get("/tenants/acme/integrations/second/config/").content.decode()
    assert "Another integration of acme mirrors this AWS organization already" in config
