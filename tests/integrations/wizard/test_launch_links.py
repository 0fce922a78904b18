"""*Launch Stack* on the pages: where the operator has published the templates, with everything filled in."""

import html
import re
from urllib.parse import parse_qs

from pytest_django.fixtures import Settings

from integrations.aws.iac import launch
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.wizard.conftest import CONNECTION, Walk
from workspaces import isolation


def launched(walk: Walk) -> dict[str, list[str]]:
    """What the link of the page fills in; nothing where there is none."""
    found = re.search(r'href="(https://[^"]+/stacks/create/review\?[^"]+)"', walk.html)
    return parse_qs(html.unescape(found[1]).partition("review?")[2]) if found else {}


def test_the_links_fill_in_what_the_files_have(in_org: Walk, cast: Cast, aws: RunningAws, settings: Settings) -> None:
    in_org.to("discovery")
    assert launched(in_org) == {}
    settings.PIPES_TEMPLATES_URL = f"https://ours.s3.us-east-1.amazonaws.com/pipes/{launch.version()}/"
    in_org.get("discovery")
    draft, filled = in_org.draft(), launched(in_org)
    assert filled["param_RoleName"] == [draft.discovery_role_name]
    assert filled["param_ExternalId"] == [draft.discovery_external_id]
    access = in_org.credentials(aws)
    in_org.post("discovery", do="test", **access)
    in_org.run_test()
    in_org.post("discovery", **access)
    in_org.post("connection", do="keep", **CONNECTION, member_policy="SecurityAudit")
    in_org.get("connection")
    filled = launched(in_org)
    assert filled["param_OrganizationalUnitIds"] == [aws.organization.root_id]
    assert filled["param_ExternalId"] == [draft.connection_external_id]
    assert (filled["param_PolicyName"], filled["param_PolicyOwner"]) == (["SecurityAudit"], ["aws"])
    audit = aws.organization.find_account("Dev").id
    draft = in_org.draft()
    draft.selection = {"include": [audit], "exclude": ["root"]}
    with isolation.as_tenant(in_org.tenant.pk):
        draft.save()
    in_org.get("connection")
    assert launched(in_org) == {}
    assert "Download CloudFormation StackSet" in in_org.page
