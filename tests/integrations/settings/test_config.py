"""The Config tab: each card's Save, the impact first, and two people at once."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import sharing
from connections.models import Aggregator, Connection, Folder, Schema
from integrations.models import AccessTest, Integration, SyncSchedule
from integrations.settings import change
from tests import factories
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from tests.integrations.in_use import MAIN, handles, hidden, post, text_of
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent, Workspace

CONNECTION = MAIN + "config/connection/"
ADVANCED = MAIN + "advanced/"
VALUES = {
    "handle_prefix": "",
    "role_name": "pipes-connection",
    "all_regions": "all",
    "max_error_retry_attempts": "9",
    "min_error_retry_delay": "25",
}

Fresh = Callable[[], Integration]
Events = Callable[[], list[AuditEvent]]


def form(client: Client, **values: object) -> dict[str, object]:
    """The Connection Settings as the page has them, with these values typed in."""
    page = client.get(MAIN + "config/").content.decode()
    return VALUES | {"version": hidden(page, "version")} | values


def test_a_new_prefix_shows_first_what_changes_in_which_workspace(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    html = post(as_org_owner, CONNECTION, **form(as_org_owner, handle_prefix="acme_"))
    text = text_of(html)
    assert "The Handle Prefix acme_ renames 3 connections of main. 2 workspaces use some of them." in text
    fireworks, rockets = text[text.index("tnt/fireworks") :].split("tnt/rockets", 1)
    for line in ("dev to → acme_dev", "prod to → acme_prod", "Search path: names nothing any more dev"):
        assert line in fireworks, line
    assert "Search path: names a schema then acme_dev" in fireworks
    assert "Aggregator all_prod: loses 1 prod" in fireworks
    assert "Schemas renamed prod to → acme_prod" in rockets
    assert "dev" not in rockets.split("Rename 3 connections")[0].replace("Dev", "")
    assert handles(cast) == {"management", "prod", "dev"}


def test_confirming_renames_all_dynamic_handles_and_nothing_that_people_typed(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh, events: Events
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(handle="management").update(handle="boss", is_handle_static=True)
        Connection.objects.filter(handle="dev").update(removed_at=timezone.now())
    values = form(as_org_owner, handle_prefix="acme_")
    seen = hidden(post(as_org_owner, CONNECTION, **values), "seen_impact")
    before = len(events())
    html = post(as_org_owner, CONNECTION, **values, seen_impact=seen)
    assert "Saved the Connection Settings of main." in html
    assert handles(cast) == {"boss", "acme_prod"}
    with isolation.as_tenant(cast.acme.pk):
        assert Connection.objects.filter(handle="acme_dev").exists()  # reserved for its return
        assert Aggregator.objects.get().patterns == ["prod*"]
        assert Workspace.objects.get(handle="fireworks").search_path_prefix == ["dev", "acme_dev", "elsewhere"]
    assert (fresh().handle_prefix, fresh().version) == ("acme_", 2)
    (event,) = events()[: len(events()) - before]
    assert event.action == "integration.connection_settings_changed"
    assert (event.details["before"]["handle_prefix"], event.details["after"]["handle_prefix"]) == ("", "acme_")
    assert event.details["renamed"] == 2
    assert in_use.sync().counts == {"return": 1}  # the next sync agrees with the handles


def test_a_prefix_that_no_workspace_notices_is_saved_at_once(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Schema.objects.all().delete()
    assert "Saved the Connection" in post(as_org_owner, CONNECTION, **form(as_org_owner, handle_prefix="acme_"))
    assert handles(cast) == {"acme_management", "acme_prod", "acme_dev"}


def test_what_changed_after_it_was_looked_at_is_shown_again(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    values = form(as_org_owner, handle_prefix="acme_")
    seen = hidden(post(as_org_owner, CONNECTION, **values), "seen_impact")
    with isolation.as_tenant(cast.acme.pk):
        Schema.objects.filter(workspace=cast.rockets).delete()
    html = post(as_org_owner, CONNECTION, **values, seen_impact=seen)
    assert "different from what you have just seen" in html
    assert handles(cast) == {"management", "prod", "dev"}
    assert "Saved" in post(as_org_owner, CONNECTION, **values, seen_impact=hidden(html, "seen_impact"))


@pytest.mark.parametrize(
    ("prefix", "sentence"),
    [
        ("Acme", "Start with a lower-case letter"),
        ("1_", "Start with a lower-case letter"),
        ("a" * 41, "Start with a lower-case letter"),
    ],
)
def test_a_malformed_prefix_is_refused_at_its_field(
    in_use: Synced, cast: Cast, as_org_owner: Client, prefix: str, sentence: str
) -> None:
    html = post(as_org_owner, CONNECTION, **form(as_org_owner, handle_prefix=prefix))
    assert sentence in text_of(html)
    assert handles(cast) == {"management", "prod", "dev"}


def test_a_prefix_that_makes_a_handle_too_long_or_equal_to_another_is_refused(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.connection(cast.at_org, "By hand", handle="b_prod")
        Connection.objects.filter(handle="management").update(handle="c_dev", is_handle_static=True)
    for prefix, sentence in (
        ("b_", "a connection would be called b_prod, which is the handle of another connection of acme/tnt."),
        ("c_", "a connection would be called c_dev, which is the static handle of Management."),
    ):
        html = post(as_org_owner, CONNECTION, **form(as_org_owner, handle_prefix=prefix))
        assert sentence in text_of(html)
        assert f'value="{prefix}"' in html  # what was typed is kept
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(handle="dev").update(title="x" * 60, handle="x" * 60)
    html = post(as_org_owner, CONNECTION, **form(as_org_owner, handle_prefix="four"))
    assert f"the handle of {'x' * 60} would have 64 characters; a schema name has 63 at most." in text_of(html)
    assert "prod" in handles(cast)


def test_the_second_of_two_people_is_told_who_changed_what(
    in_use: Synced, cast: Cast, as_org_owner: Client, client: Client, fresh: Fresh
) -> None:
    mine = form(as_org_owner, role_name="mine")
    theirs = Client()
    theirs.force_login(cast.tenant_owner)
    assert "Saved" in post(theirs, CONNECTION, **form(theirs, role_name="theirs", min_error_retry_delay="30"))
    html = post(as_org_owner, CONNECTION, **mine)
    assert "tenant-owner@example.com changed the Role Name and Min Error Retry Delay at" in text_of(html)
    assert 'value="mine"' in html
    assert re.search(r"Role Name stored now\s*</dt>\s*<dd[^>]*>theirs", html)
    assert fresh().role_name == "theirs"
    again = mine | {"version": hidden(html, "version")}
    assert "Saved" in post(as_org_owner, CONNECTION, **again)
    assert fresh().role_name == "mine"


def test_of_two_changes_meanwhile_the_last_is_told(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    mine = form(as_org_owner, role_name="mine")
    theirs = Client()
    theirs.force_login(cast.tenant_owner)
    post(theirs, CONNECTION, **form(theirs, role_name="theirs"))
    post(theirs, CONNECTION, **form(theirs, role_name="theirs", min_error_retry_delay="30"))
    text = text_of(post(as_org_owner, CONNECTION, **mine))
    assert "tenant-owner@example.com changed the Min Error Retry Delay at" in text


def test_a_forged_version_saves_nothing(in_use: Synced, as_org_owner: Client, fresh: Fresh) -> None:
    for version in ("", "x", "999", "-1"):
        post(as_org_owner, CONNECTION, **form(as_org_owner, role_name="forged") | {"version": version})
    assert fresh().role_name != "forged"


def test_regions_and_options_are_saved(in_use: Synced, as_org_owner: Client, fresh: Fresh) -> None:
    chosen = {"all_regions": "some", "regions": ["eu-west-1"], "region_patterns": "us-*", "default_region": "eu-west-1"}
    post(as_org_owner, CONNECTION, **form(as_org_owner, **chosen, ignore_error_codes="AccessDenied"))
    options = fresh().options
    assert (options["regions"], options["default_region"]) == (["eu-west-1", "us-*"], "eu-west-1")
    assert options["ignore_error_codes"] == ["AccessDenied"]


def test_what_the_roles_may_read_is_changed(in_use: Synced, as_org_owner: Client, fresh: Fresh, events: Events) -> None:
    values = form(as_org_owner) | {"member_policy": "SecurityAudit"}
    assert "Saved the Connection Settings" in post(as_org_owner, CONNECTION, **values)
    assert fresh().member_policy == "SecurityAudit"
    (changed,) = (event for event in events() if event.action == "integration.connection_settings_changed")
    assert changed.details["after"]["member_policy"] == "SecurityAudit"
    page = as_org_owner.get(MAIN + "config/").content.decode()
    assert re.search(r'value="SecurityAudit"[^>]*checked', page)
    assert "arn:aws:iam::aws:policy/SecurityAudit" in page


def test_the_external_id_comes_from_us_only(in_use: Synced, as_org_owner: Client, fresh: Fresh) -> None:
    before = fresh()
    forged = {"connection_external_id": "forged", "external_id": "forged", "next_connection_external_id": "forged"}
    post(as_org_owner, CONNECTION, **form(as_org_owner, role_name="other", **forged))
    after = fresh()
    assert after.role_name == "other"
    assert after.connection_external_id == before.connection_external_id
    assert after.next_connection_external_id == ""


def test_a_rotated_external_id_takes_over_after_a_green_test_with_it(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh, events: Events
) -> None:
    old = fresh().connection_external_id
    assert "Rotate the External ID?" in as_org_owner.get(MAIN + "config/rotate/connection/").content.decode()
    html = post(as_org_owner, MAIN + "config/rotate/connection/")
    new = fresh().next_connection_external_id
    assert events()[0].action == "integration.external_id_rotated"
    assert (old in html, new in html, new != old) == (True, True, True)
    post(as_org_owner, CONNECTION, **form(as_org_owner))
    assert fresh().connection_external_id == old
    post(as_org_owner, CONNECTION, **form(as_org_owner, do="test"))
    with isolation.as_tenant(cast.acme.pk):
        test = AccessTest.objects.latest("pk")
        assert test.instead == {"role_name": "pipes-connection", "connection_external_id": new}
        AccessTest.objects.filter(pk=test.pk).update(state="passed")
        Connection.objects.update(health="healthy", health_tested_at=timezone.now())
    post(as_org_owner, CONNECTION, **form(as_org_owner))
    assert (fresh().connection_external_id, fresh().next_connection_external_id) == (new, "")
    with isolation.as_tenant(cast.acme.pk):  # what was found with the old one says nothing any more
        assert set(Connection.objects.values_list("health", "health_tested_at")) == {("untested", None)}


def test_an_external_id_that_integrations_do_not_have_is_not_rotated(in_use: Synced, as_org_owner: Client) -> None:
    url = MAIN + "config/rotate/account/"
    assert (as_org_owner.get(url).status_code, as_org_owner.post(url).status_code) == (404, 404)


def test_the_handle_changes_with_what_its_nodes_show(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh, events: Events
) -> None:
    version = hidden(as_org_owner.get(ADVANCED).content.decode(), "version")
    html = post(as_org_owner, ADVANCED, handle="awsi", version=version)
    assert "Saved the handle awsi." in html
    with isolation.as_tenant(cast.acme.pk):
        assert Folder.objects.get(pk=fresh().root_folder_id).managed_by == "awsi"
    assert events()[0].details == {"before": {"handle": "main"}, "after": {"handle": "awsi"}}
    assert as_org_owner.get(ADVANCED).headers["Location"] == ADVANCED.replace("/main/", "/awsi/")


def test_a_taken_handle_is_refused_also_that_of_another_level(
    in_use: Synced, cast: Cast, as_org_owner: Client, fresh: Fresh
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        factories.integration(cast.at_tenant, "wide", by=cast.tenant_owner)
    for handle in ("wide", "new", "Bad Handle", ""):
        html = post(as_org_owner, ADVANCED, handle=handle, version=fresh().version)
        assert "field-error" in html
    assert fresh().handle == "main"


def test_the_schedule_is_kept_within_its_limits(in_use: Synced, as_org_owner: Client, fresh: Fresh) -> None:
    for minutes in ("4", "1441", "", "often"):
        assert "from 5 to 1,440" in post(as_org_owner, ADVANCED + "schedule/", minutes=minutes, version=fresh().version)
    assert "syncs every 5 minutes now" in post(
        as_org_owner, ADVANCED + "schedule/", minutes="5", version=fresh().version
    )
    assert SyncSchedule.objects.get(pk=fresh().pk).interval_seconds == 300


def statements(cast: Cast, size: int, handle: str) -> int:
    """How many statements a change of the prefix takes for so many connections in use."""
    with isolation.as_tenant(cast.acme.pk):
        made = factories.integration(cast.at_org, handle, by=cast.org_owner)
        factories.grow(made.root_folder, folders=2, connections=size)
        sharing.set_grants(made.root_folder, [cast.at_org])
        Schema.objects.create(**cast.at_workspace.keys, folder=made.root_folder)
        wanted = Integration.objects.get(pk=made.pk)
        wanted.handle_prefix = f"{handle}_"
        seen = ""
        with CaptureQueriesContext(connection) as captured:
            for _ in range(2):
                try:
                    change.change_connection_settings(
                        integration=made, wanted=wanted, version="1", seen=seen, by=cast.org_owner
                    )
                except change.UnseenImpactError as unseen:
                    seen = unseen.fingerprint
        assert Connection.objects.filter(handle__startswith=f"{handle}_").count() == size
    return len(captured)


def test_the_number_of_statements_of_a_new_prefix_does_not_depend_on_the_size(cast: Cast) -> None:
    assert statements(cast, 5, "small") == statements(cast, 200, "large")


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("config/discovery/", "config/"),
        ("config/connection/", "config/"),
        ("advanced/schedule/", "advanced/"),
        ("advanced/deletion-limit/", "advanced/"),
    ],
)
def test_where_a_refused_form_was_shown_its_page_is_found(
    in_use: Synced, as_org_owner: Client, address: str, page: str
) -> None:
    assert as_org_owner.get(MAIN + address)["Location"] == MAIN + page


@pytest.mark.parametrize("page", ["config/discovery/", "config/connection/", "advanced/schedule/"])
@pytest.mark.parametrize(("who", "status"), [("org_member", 403), ("workspace_owner", 403), ("stranger", 404)])
def test_only_owners_change_settings(
    cast: Cast, in_use: Synced, client: Client, page: str, who: str, status: int
) -> None:
    client.force_login(getattr(cast, who))
    assert client.post(MAIN + page, VALUES | {"version": "1"}).status_code == status


def test_an_integration_of_another_scope_is_not_changed(cast: Cast, in_use: Synced, as_tenant_owner: Client) -> None:
    for base in ("/tenants/acme/integrations/main/", "/tenants/acme/orgs/ops/integrations/main/"):
        assert as_tenant_owner.post(base + "config/connection/", VALUES).status_code == 404
        assert as_tenant_owner.post(base + "delete/", {"handle": "main"}, follow=True).status_code == 200
    with isolation.as_tenant(cast.acme.pk):
        assert Integration.objects.get(handle="main").state == "active"


def test_the_discovery_settings_warn_of_what_other_credentials_take_away(in_use: Synced, as_org_owner: Client) -> None:
    card = text_of(as_org_owner.get(MAIN + "config/").content.decode()).partition("Connection Settings")[0]
    warning = (
        "If other ones do not have access to some OUs or accounts that are visible now, then the corresponding folders"
        " and connections will be deleted and removed from any workspaces where they are attached."
    )
    assert warning in card


def test_what_breaks_comes_first_and_what_is_only_renamed_is_folded(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Workspace.objects.filter(pk=cast.fireworks.pk).update(search_path_prefix=[])
        Workspace.objects.filter(pk=cast.rockets.pk).update(search_path_prefix=["prod", "acme_prod"])
        Aggregator.objects.all().delete()
    html = post(as_org_owner, CONNECTION, **form(as_org_owner, handle_prefix="acme_"))
    assert html.count(">Rename 3 connections</button>") == 2  # above and below
    assert html.index("tnt/rockets") < html.index("tnt/fireworks")
    rockets, fireworks = html[html.index("tnt/rockets") :].split("tnt/fireworks", 1)
    assert "1 breaks 1 added 1 renamed" in text_of(rockets)
    assert (
        rockets.index("names nothing any more") < rockets.index("names a schema then") < rockets.index("only renamed")
    )
    assert '<details class="renames">' in rockets
    assert 'href="/tenants/acme/orgs/tnt/workspaces/rockets/advanced/search-path/"' in rockets
    assert "breaks" not in fireworks
    assert '<details class="renames" open>' in fireworks  # there is nothing else to see


def test_names_that_aggregators_or_other_schemas_bear_too_mean_something_else_and_not_nothing(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    with isolation.as_tenant(cast.acme.pk):
        Workspace.objects.filter(pk=cast.rockets.pk).update(search_path_prefix=["prod", "acme_prod"])
        Workspace.objects.filter(pk=cast.fireworks.pk).update(search_path_prefix=["dev"])
        for handle in ("prod", "acme_prod"):
            Aggregator.objects.create(**Scope(cast.acme, cast.tnt, cast.rockets).keys, handle=handle, patterns=["x*"])
        other = factories.connection(Scope(cast.acme), "Dev", handle="dev")
        sharing.set_grants(other, [Scope(cast.acme)])
        Schema.objects.create(**cast.at_workspace.keys, connection=other)
    text = text_of(post(as_org_owner, CONNECTION, **form(as_org_owner, handle_prefix="acme_")))
    fireworks, rockets = text.split("tnt/rockets", 1)
    assert "Search path: may name another schema then prod acme_prod" in rockets
    assert "Name that no other schema has any more prod" in rockets
    assert "Name that another schema has too acme_prod" in rockets
    assert "Search path: may name another schema then dev" in fireworks
    assert "Name that no other schema has any more dev" in fireworks
    for wrong in ("names nothing any more", "names a schema then"):
        assert wrong not in text
