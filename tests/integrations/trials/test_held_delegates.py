"""Who may change settings and not approve removals is held to the deletion limit on every page where something goes."""

from collections.abc import Callable

import pytest
from django.test import Client

from integrations.models import Integration
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from tests.integrations.in_use import MAIN, handles, hidden, post, text_of
from tests.integrations.trials import test_account_selection as selecting
from tests.integrations.trials import test_settings_trial as trying
from workspaces import isolation
from workspaces.access import Access
from workspaces.delegation.verbs import Verb
from workspaces.models import Membership
from workspaces.people import delegates

Fresh = Callable[[], Integration]
Give = Callable[[Verb], None]
ADVANCED = MAIN + "advanced/"
NEEDED = "To approve or discard what a sync would remove you need to be an owner of acme/tnt, or a delegate for it."


@pytest.fixture
def give(cast: Cast, in_use: Synced) -> Give:
    """Delegate something to the plain member of the organization."""

    def delegate(verb: Verb) -> None:
        with isolation.as_tenant(cast.acme.pk):
            mine = Membership.objects.filter(user=cast.org_owner, tenant=cast.acme)
            owner = Access(cast.org_owner, cast.at_org, tuple(mine))
            assert delegates.delegate(access=owner, thing=in_use.integration, user=cast.org_member, verbs=[verb])

    return delegate


@pytest.fixture
def member(cast: Cast, give: Give, fresh: Fresh) -> Client:
    """The browser of a delegate who changes settings, where every removal has to be approved."""
    give(Verb.CONFIGURE_INTEGRATION)
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(deletion_limit_percent=0, deletion_limit_count=0)
    client = Client()
    client.force_login(cast.org_member)
    return client


def test_the_limit_is_lowered_and_not_raised(cast: Cast, member: Client, give: Give, fresh: Fresh) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(deletion_limit_percent=20, deletion_limit_count=5)

    def send(percent: int, connections: int) -> str:
        form = hidden(member.get(ADVANCED).content.decode(), "version", form=f"{ADVANCED}deletion-limit/")
        return post(member, f"{ADVANCED}deletion-limit/", percent=percent, connections=connections, version=form)

    for typed in ((100, 1000), (7, 6), (21, 5)):
        refused = send(*typed)
        assert f"You may lower the deletion limit, and not raise it. {NEEDED}" in text_of(refused)
        assert f'value="{typed[0]}"' in refused
        assert (fresh().deletion_limit_percent, fresh().deletion_limit_count) == (20, 5)
    assert "Saved the deletion limit of main." in text_of(send(10, 5))
    give(Verb.APPROVE_REMOVALS)
    assert "Saved the deletion limit of main." in text_of(send(100, 1000))
    assert (fresh().deletion_limit_percent, fresh().deletion_limit_count) == (100, 1000)


def test_settings_over_the_limit_are_looked_at_and_not_saved(
    in_use: Synced, cast: Cast, member: Client, give: Give, fresh: Fresh
) -> None:
    arn = trying.narrow_role(in_use, fresh().discovery_external_id, "Workloads")
    trying.start(member, cast, role_arn=arn)
    html = member.get(trying.TRIAL).content.decode()
    assert f"which is over the deletion limit of 0 % and 0 connections. {NEEDED}" in text_of(html)
    assert 'value="save"' not in html
    refused = trying.save(member, html)
    assert text_of(refused).count(NEEDED) == 1
    assert arn in refused
    assert handles(cast) == {"management", "prod", "dev"}
    assert fresh().role_arn != arn
    give(Verb.APPROVE_REMOVALS)
    assert 'value="save"' in member.get(trying.TRIAL).content.decode()
    assert "Saved the Discovery Settings of main." in trying.save(member)
    assert handles(cast) == {"management"}


def test_accounts_over_the_limit_are_chosen_and_not_saved(
    in_use: Synced, cast: Cast, member: Client, give: Give
) -> None:
    workloads = in_use.aws.organization.find("Workloads").id
    selecting.start(member, cast)
    html = selecting.press(member, f"exclude {workloads}")
    assert NEEDED in text_of(html)
    assert 'value="save"' not in html
    refused = selecting.save(member, html)
    assert text_of(refused).count(NEEDED) == 1
    assert selecting.ticks(refused)["Workloads"] == "false"
    assert handles(cast) == {"management", "prod", "dev"}
    give(Verb.APPROVE_REMOVALS)
    assert "Saved the accounts that main mirrors." in selecting.save(member)
    assert handles(cast) == {"management"}
