"""Options inherited down the tree: by what was made by hand, and by the tests of what was discovered."""

import re
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import manual_nodes
from connections.models import Connection, Folder
from integrations.access.connection_options import effective
from integrations.access_tests import run as access_tests_run
from integrations.health import run as health_run
from integrations.models import AccessTest, AccountAccess, Integration
from integrations.models.settings import default_options
from integrations.nodes import account_access, managed
from tests import factories
from tests.conftest import Cast
from tests.fakes.aws import RunningAws, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.conftest import Synced, make_mirror
from tests.integrations.health.conftest import make_due
from tests.integrations.in_use import post, text_of
from workspaces import isolation
from workspaces.access import Scope

AS_IT_IS = {"all_regions": "all", "max_error_retry_attempts": "9", "min_error_retry_delay": "25"}
LEVELS = {"tenant": "/tenants/acme/", "org": "/tenants/acme/orgs/tnt/"}
LEVELS["workspace"] = LEVELS["org"] + "workspaces/fireworks/"


def scope_at(cast: Cast, level: str) -> Scope:
    return {"tenant": cast.at_tenant, "org": cast.at_org, "workspace": cast.at_workspace}[level]


def made_by_hand(cast: Cast, scope: Scope) -> tuple[Folder, Folder, Connection]:
    """A folder in a folder, and a connection in that."""
    by = cast.tenant_owner
    with isolation.as_tenant(cast.acme.pk):
        top = manual_nodes.create_folder(scope=scope, parent=None, handle="top", title="Top", by=by)
        inner = manual_nodes.create_folder(scope=scope, parent=top, handle="inner", title="Inner", by=by)
        return (
            top,
            inner,
            account_access.create_connection(scope=scope, folder=inner, handle="leaf", title="Leaf", by=by),
        )


def send(client: Client, page: str, url: str = "", **values: object) -> str:
    """Send the options of a page as it has them, with these values."""
    seen = re.findall(r'name="seen" value="([^"]*)"', client.get(page).content.decode())[-1]
    return post(client, url or page, seen=seen, **values)


@pytest.mark.parametrize("level", LEVELS)
def test_a_connection_made_by_hand_inherits_what_the_nearest_folder_has_set(
    cast: Cast, as_tenant_owner: Client, level: str
) -> None:
    top, inner, leaf = made_by_hand(cast, scope_at(cast, level))
    base = f"{LEVELS[level]}connections/"
    above, below, own = (
        f"{base}folders/{top.pk}/config/",
        f"{base}folders/{inner.pk}/config/",
        f"{base}{leaf.pk}/access/",
    )
    assert "Default of Pipes, as no folder above sets it" in text_of(as_tenant_owner.get(own).content.decode())
    send(as_tenant_owner, above, **AS_IT_IS | {"min_error_retry_delay": "50", "default_region": "eu-west-1"})
    send(as_tenant_owner, below, **AS_IT_IS | {"min_error_retry_delay": "75", "default_region": "eu-west-1"})
    page = text_of(as_tenant_owner.get(own).content.decode())
    assert "Inherited from the folder Inner" in page
    assert "Inherited from the folder Top" in page
    wanted = AS_IT_IS | {"min_error_retry_delay": "100", "default_region": "eu-west-1"}
    page = text_of(send(as_tenant_owner, own, own + "options/", **wanted))
    assert "Saved the options of Leaf." in page
    assert "It would be 75, from the folder Inner" in page
    with isolation.as_tenant(cast.acme.pk):
        stored = Connection.objects.get()
        assert stored.options == {"min_error_retry_delay": 100}
        assert effective([stored])[stored.pk] == default_options() | {
            "min_error_retry_delay": 100,
            "default_region": "eu-west-1",
        }
    send(as_tenant_owner, own, own + "options/", reset="min_error_retry_delay")
    send(as_tenant_owner, below, reset="min_error_retry_delay")
    with isolation.as_tenant(cast.acme.pk):
        assert effective([Connection.objects.get()])[leaf.pk]["min_error_retry_delay"] == 50


def test_the_config_of_a_folder_made_by_hand_is_in_its_settings(cast: Cast, as_org_owner: Client) -> None:
    top, _, _ = made_by_hand(cast, cast.at_org)
    page = as_org_owner.get(f"{LEVELS['org']}connections/folders/{top.pk}/advanced/").content.decode()
    assert f'<a href="{LEVELS["org"]}connections/folders/{top.pk}/config/">Config' in page
    page = text_of(as_org_owner.get(f"{LEVELS['org']}connections/folders/{top.pk}/config/").content.decode())
    assert "is set on this folder and inherited by all below it" in page
    assert "Test Connection" not in page


def test_the_second_of_two_people_who_change_options_is_told(cast: Cast, as_org_owner: Client) -> None:
    _, _, leaf = made_by_hand(cast, cast.at_org)
    own = f"{LEVELS['org']}connections/{leaf.pk}/access/"
    old = re.findall(r'name="seen" value="([^"]*)"', as_org_owner.get(own).content.decode())[-1]
    send(as_org_owner, own, own + "options/", **AS_IT_IS | {"min_error_retry_delay": "50"})
    html = post(as_org_owner, own + "options/", seen=old, **AS_IT_IS | {"max_error_retry_attempts": "3"})
    assert "org-owner@example.com changed the" in text_of(html)
    with isolation.as_tenant(cast.acme.pk):
        assert Connection.objects.get().options == {"min_error_retry_delay": 50}


def test_a_folder_of_another_place_cannot_be_configured(cast: Cast, as_org_owner: Client) -> None:
    top, _, _ = made_by_hand(cast, cast.at_tenant)
    for level in ("org", "workspace"):
        assert as_org_owner.get(f"{LEVELS[level]}connections/folders/{top.pk}/config/").status_code == 404


def mirror_with_roles(aws: RunningAws, cast: Cast) -> Synced:
    """A mirror whose accounts have the role, with connections that are an hour old."""
    mirror = make_mirror(aws, cast.at_org, cast)
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(role_name="pipes-connection")
    mirror.work()
    for name in ("Management", "Prod", "Dev"):
        trust = trusting(VENDOR_ROLE_ARN, mirror.integration.connection_external_id)
        aws.roles.create("pipes-connection", trust, account=aws.organization.find_account(name).id)
    with isolation.as_tenant(cast.acme.pk):
        past = timezone.now() - timedelta(hours=1)
        Connection.objects.update(health_changed_at=past, health_due_at=past)
    return mirror


def test_the_health_test_is_as_patient_as_the_options_of_the_folder_say(aws: RunningAws, cast: Cast) -> None:
    mirror = mirror_with_roles(aws, cast)
    with isolation.as_tenant(cast.acme.pk):
        Folder.objects.filter(title="Workloads").update(options={"max_error_retry_attempts": 1})
        Connection.objects.filter(title="Dev").update(options={"max_error_retry_attempts": 4})
    for name in ("Management", "Prod", "Dev"):
        role = f"arn:aws:iam::{aws.organization.find_account(name).id}:role/pipes-connection"
        aws.faults.fail("AssumeRole", "ServiceUnavailable", on=role, times=3)
    make_due(cast.acme.pk)
    health_run.run(cast.acme.pk, within_seconds=20)
    health = {name: mirror.connection(name).health for name in ("Management", "Prod", "Dev")}
    assert health == {"Management": "healthy", "Prod": "untested", "Dev": "healthy"}


@pytest.mark.parametrize(("attempts", "state"), [(1, "failed"), (4, "passed")])
def test_test_connection_is_as_patient_as_the_options_of_the_folder_say(
    aws: RunningAws, cast: Cast, attempts: int, state: str
) -> None:
    mirror = mirror_with_roles(aws, cast)
    with isolation.as_tenant(cast.acme.pk):
        Folder.objects.filter(title="Workloads").update(options={"max_error_retry_attempts": attempts})
        node = Connection.objects.select_related("folder").get(title="Prod")
        integration = Integration.objects.select_related("tenant", "organization").get(pk=mirror.integration.pk)
        test = managed.request_connection_test(
            node=node, integration=integration, by=cast.org_owner, now=timezone.now()
        )
    aws.faults.fail("AssumeRole", "ServiceUnavailable", times=3)
    access_tests_run.run(cast.acme.pk, test.pk)
    with isolation.as_tenant(cast.acme.pk):
        assert AccessTest.objects.get().state == state


@pytest.mark.parametrize(("attempts", "state"), [(1, "failed"), (4, "passed")])
def test_so_is_that_of_a_connection_made_by_hand(aws: RunningAws, cast: Cast, attempts: int, state: str) -> None:
    top, _, _ = made_by_hand(cast, cast.at_org)
    account = aws.organization.find_account("Prod").id
    with isolation.as_tenant(cast.acme.pk):
        Folder.objects.filter(pk=top.pk).update(options={"max_error_retry_attempts": attempts})
        access = AccountAccess.objects.get()
        access.role_arn = f"arn:aws:iam::{account}:role/mine"
        access.save()
        aws.roles.create("mine", trusting(VENDOR_ROLE_ARN, access.discovery_external_id), account=account)
        test = account_access.request_connection_test(access=access, by=cast.org_owner, now=timezone.now())
    aws.faults.fail("AssumeRole", "ServiceUnavailable", times=3)
    access_tests_run.run(cast.acme.pk, test.pk)
    with isolation.as_tenant(cast.acme.pk):
        assert AccessTest.objects.get().state == state


def test_the_options_of_many_connections_take_three_statements(aws: RunningAws, cast: Cast) -> None:
    make_mirror(aws, cast.at_org, cast).work()
    made_by_hand(cast, cast.at_org)
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(options=default_options() | {"regions": ["eu-*"]})
        for many in (1, 4):
            found = list(Connection.objects.order_by("pk")[:many])
            with CaptureQueriesContext(database) as queries:
                options = effective(found)
            assert (len(options), len(queries)) == (many, 3)
        regions = {node.handle: options[node.pk]["regions"] for node in found}
    assert regions == {"management": ["eu-*"], "prod": ["eu-*"], "dev": ["eu-*"], "leaf": ["*"]}


def test_what_nobody_chose_becomes_inherited_by_the_migration(cast: Cast) -> None:
    _, _, leaf = made_by_hand(cast, cast.at_org)
    forget = import_module("integrations.migrations.0019_inherited_options")._FORGET
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(cast.at_org, "Plain", handle="plain")
        Connection.objects.filter(pk=leaf.pk).update(options=default_options() | {"regions": ["eu-*"]})
        Connection.objects.filter(handle="plain").update(options=default_options())
        with database.cursor() as cursor:
            cursor.execute(forget)
        found = dict(Connection.objects.values_list("handle", "options"))
    assert found == {"leaf": {"regions": ["eu-*"]}, "plain": {}}


def test_options_that_were_stored_before_an_option_came_begin_with_its_default(
    cast: Cast, as_org_owner: Client, aws: RunningAws
) -> None:
    synced = make_mirror(aws, cast.at_org, cast)
    synced.work()
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(options={"regions": ["eu-*"]})
        node = Connection.objects.filter(is_managed=True).earliest("pk")
    for page in ("integrations/main/config/", f"connections/{node.pk}/config/"):
        text = as_org_owner.get(LEVELS["org"] + page).content.decode()
        assert 'name="max_error_retry_attempts" value="9"' in text
