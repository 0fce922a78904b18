"""AWS connections made by hand: their access, options and Test Connection, at each level."""

import re

import pytest
from django.db import connection as database
from django.db.models.functions import Now
from django.test import Client

from connections.models import Connection, ConnectionState, Folder
from integrations.access_tests import run as access_tests_run
from integrations.models import AccessTest, AccountAccess
from tests import factories
from tests.conftest import Cast
from tests.fakes.aws import RunningAws, reading_organizations, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.integrations.conftest import QUICK
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import AuditEvent

LEVELS = {
    "tenant": "/tenants/acme/connections/",
    "org": "/tenants/acme/orgs/tnt/connections/",
    "workspace": "/tenants/acme/orgs/tnt/workspaces/fireworks/connections/",
}
ORG = LEVELS["org"]
ROLE_ARN = "arn:aws:iam::123456789012:role/pipes-connection"
KEY = {"access_mode": "key", "access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "s" * 40}
OPTIONS = {
    "all_regions": "some",
    "regions": ["us-east-1"],
    "region_patterns": "eu-*",
    "max_error_retry_attempts": "3",
    "min_error_retry_delay": "50",
    "ignore_error_codes": "AccessDenied*",
}


def make(client: Client, base: str = ORG, **fields: str) -> str:
    """Make a connection; gives the URL of its access."""
    response = client.post(base + "new/", {"handle": "mine"} | fields)
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"])


def stored(cast: Cast) -> AccountAccess:
    with isolation.as_tenant(cast.acme.pk):
        return AccountAccess.objects.select_related("connection", "tenant").get()


def seen(html: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', html)
    assert found
    return found[1]


def save(client: Client, url: str, **values: str) -> str:
    """Save the access from a page that was just opened, and give the page that comes of it."""
    values["seen"] = seen(client.get(url).content.decode())
    return client.post(url + "save/", values, follow=True).content.decode()


def run_test(cast: Cast, client: Client, url: str, **values: str) -> str:
    """Enter an access and press Save and Test Connection, let the worker run it, and give the page."""
    save(client, url, do="test", **values)
    with isolation.as_tenant(cast.acme.pk):
        test = AccessTest.objects.latest("pk")
    access_tests_run.run(cast.acme.pk, test.pk, retries=QUICK)
    return client.get(url).content.decode()


def actions_of(cast: Cast) -> list[str]:
    with isolation.as_tenant(cast.acme.pk):
        found = AuditEvent.objects.filter(object_kind="connection").order_by("pk")
        return list(found.values_list("action", flat=True))


@pytest.mark.parametrize("level", LEVELS)
def test_a_connection_is_made_and_gets_a_role_at_each_level(cast: Cast, as_tenant_owner: Client, level: str) -> None:
    assert "New Connection" in as_tenant_owner.get(LEVELS[level]).content.decode()
    url = make(as_tenant_owner, LEVELS[level], title="My own")
    made = stored(cast)
    owner = cast.acme if level == "tenant" else cast.tnt
    assert re.fullmatch(rf"{owner.public_id}:[a-z2-7]{{26}}", made.discovery_external_id)
    assert made.connection.state == ConnectionState.UNCONFIGURED
    page = as_tenant_owner.get(url).content.decode()
    assert made.discovery_external_id in page
    assert "It has no access to an account yet" in page
    assert "Saved the access of My own." in save(as_tenant_owner, url, access_mode="role", role_arn=ROLE_ARN)
    made = stored(cast)
    assert (made.role_arn, made.connection.state) == (ROLE_ARN, ConnectionState.ACTIVE)
    assert actions_of(cast) == ["connection.created", "connection.access_changed"]


def test_the_page_says_how_to_make_a_key_for_the_account(cast: Cast, as_org_owner: Client) -> None:
    page = as_org_owner.get(make(as_org_owner)).content.decode()
    user = f"pipes-connection-{stored(cast).uid.hex[:6]}"
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert f"aws iam attach-user-policy --user-name {user} --policy-arn {policy}" in page
    assert "Prefer Cross-Account Role." in page


def test_a_secret_key_is_sealed_and_never_shown_nor_logged(cast: Cast, as_org_owner: Client) -> None:
    url = make(as_org_owner)
    page = save(as_org_owner, url, **KEY)
    made = stored(cast)
    assert made.secret_key == KEY["secret_key"]
    assert KEY["secret_key"] not in made.sealed_secret_key + page
    assert "A secret key is stored" in page
    with isolation.as_tenant(cast.acme.pk):
        for event in AuditEvent.objects.all():
            assert KEY["secret_key"] not in str(event.details)
            assert made.sealed_secret_key not in str(event.details)
    save(as_org_owner, url, access_mode="role", role_arn=ROLE_ARN)
    made = stored(cast)
    assert (made.access_key_id, made.sealed_secret_key) == ("", ""), "what the other mode had is forgotten"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"access_mode": "role", "role_arn": "arn:aws:iam::1:role/x"}, "must be exactly 12 digits"),
        ({"access_mode": "role", "role_arn": ""}, "Enter the ARN of the role that you created."),
        ({"access_mode": "role", "role_arn": "arn:aws-cn:iam::123456789012:role/x"}, "in the AWS partition aws-cn"),
        ({"access_mode": "key", "access_key": "x", "secret_key": "y"}, "An access key id has at least 16"),
        ({"access_mode": "none"}, "Choose Cross-Account Role or Access Key."),
    ],
)
def test_bad_access_is_refused_with_a_sentence(
    cast: Cast, as_org_owner: Client, settings: object, values: dict[str, str], sentence: str
) -> None:
    url = make(as_org_owner)
    assert sentence in save(as_org_owner, url, **values)
    assert stored(cast).connection.state == ConnectionState.UNCONFIGURED
    assert actions_of(cast) == ["connection.created"]


def test_an_external_id_is_never_taken_from_the_request(cast: Cast, as_org_owner: Client) -> None:
    url = make(as_org_owner, external_id="mine", discovery_external_id="mine")
    before = stored(cast).discovery_external_id
    save(as_org_owner, url, access_mode="role", role_arn=ROLE_ARN, external_id="x", discovery_external_id="x")
    assert stored(cast).discovery_external_id == before != "mine"


def test_what_was_found_with_another_access_says_nothing_any_more(cast: Cast, as_org_owner: Client) -> None:
    url = make(as_org_owner)
    save(as_org_owner, url, access_mode="role", role_arn=ROLE_ARN)
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.update(health="failing", health_reason="No.", health_tested_at=Now())
    save(as_org_owner, url, access_mode="role", role_arn=ROLE_ARN + "-2")
    found = stored(cast).connection
    assert (found.health, found.health_reason, found.health_tested_at) == ("untested", "", None)


def test_two_people_at_once_do_not_overwrite_each_other_unseen(cast: Cast, as_org_owner: Client) -> None:
    url = make(as_org_owner)
    before = seen(as_org_owner.get(url).content.decode())
    save(as_org_owner, url, access_mode="role", role_arn=ROLE_ARN)
    other = {"access_mode": "role", "role_arn": ROLE_ARN + "-2", "seen": before}
    assert "Somebody else changed the access" in as_org_owner.post(url + "save/", other).content.decode()
    assert stored(cast).role_arn == ROLE_ARN


def test_regions_and_advanced_options_are_stored_with_one_event(cast: Cast, as_org_owner: Client) -> None:
    url = make(as_org_owner)
    for _ in range(2):
        shown = re.findall(r'name="seen" value="([^"]*)"', as_org_owner.get(url).content.decode())[-1]
        assert as_org_owner.post(url + "options/", OPTIONS | {"seen": shown}).status_code == 302
    options = stored(cast).connection.options
    assert options["regions"] == ["us-east-1", "eu-*"]
    assert (options["max_error_retry_attempts"], options["ignore_error_codes"]) == (3, ["AccessDenied*"])
    assert actions_of(cast) == ["connection.created", "connection.options_changed"]
    refused = as_org_owner.post(url + "options/", OPTIONS | {"max_error_retry_attempts": "0"})
    assert "Enter a number of attempts, at least 1." in refused.content.decode()


def test_test_connection_signs_in_to_the_account(cast: Cast, as_org_owner: Client, aws: RunningAws) -> None:
    url = make(as_org_owner)
    prod = aws.organization.find_account("Prod").id
    trust = trusting(VENDOR_ROLE_ARN, stored(cast).discovery_external_id)
    aws.roles.create("pipes-connection", trust, account=prod)
    arn = f"arn:aws:iam::{prod}:role/pipes-connection"
    assert f"Signed in to the account {prod}" in run_test(cast, as_org_owner, url, access_mode="role", role_arn=arn)
    assert stored(cast).role_arn == arn
    assert "access_test.requested" in actions_of(cast)


def test_a_role_that_is_open_to_strangers_is_found_and_not_stored_again(
    cast: Cast, as_org_owner: Client, aws: RunningAws
) -> None:
    url = make(as_org_owner)
    prod = aws.organization.find_account("Prod").id
    aws.roles.create("open", trusting(VENDOR_ROLE_ARN), account=prod)
    values = {"access_mode": "role", "role_arn": f"arn:aws:iam::{prod}:role/open"}
    assert "can be assumed without any external ID" in run_test(cast, as_org_owner, url, **values)
    assert "can be assumed without any external ID" in save(as_org_owner, url, **values)
    aws.roles.create("open", trusting(VENDOR_ROLE_ARN, stored(cast).discovery_external_id), account=prod)
    assert f"Signed in to the account {prod}" in run_test(cast, as_org_owner, url, **values), "it was corrected"


def test_what_was_entered_is_tested_and_not_what_was_saved_before(
    cast: Cast, as_org_owner: Client, aws: RunningAws
) -> None:
    url = make(as_org_owner)
    save(as_org_owner, url, access_mode="role", role_arn=ROLE_ARN)
    key = aws.roles.create_key("pipes", reading_organizations())
    page = run_test(cast, as_org_owner, url, access_mode="key", access_key=key.id, secret_key=key.secret)
    assert "Signed in to the account" in page
    assert stored(cast).access_key_id == key.id
    refused = run_test(cast, as_org_owner, url, access_mode="key", access_key="x", secret_key="y")
    assert "Signed in to the account" in refused, "nothing was saved, so the last test is still about what is"


def test_a_key_is_tested_too_and_a_wrong_one_says_so(cast: Cast, as_org_owner: Client, aws: RunningAws) -> None:
    url = make(as_org_owner)
    key = aws.roles.create_key("pipes", reading_organizations())
    values = {"access_mode": "key", "access_key": key.id, "secret_key": key.secret}
    assert "Signed in to the account" in run_test(cast, as_org_owner, url, **values)
    assert "Signed in to the account" not in run_test(cast, as_org_owner, url, **KEY).partition('id="report"')[2]


def test_the_access_goes_with_the_connection_however_that_is_deleted(cast: Cast, as_org_owner: Client) -> None:
    url = make(as_org_owner)
    delete = url.replace("access/", "delete/")
    assert as_org_owner.post(delete, {"handle": "mine"}).status_code == 302
    make(as_org_owner)
    with isolation.as_tenant(cast.acme.pk):
        assert AccountAccess.objects.count() == 1
        with database.cursor() as cursor:
            cursor.execute("DELETE FROM connections_connection")
        assert not AccountAccess.objects.exists()


@pytest.mark.parametrize(
    ("who", "statuses"),
    [
        ("tenant_owner", (200, 200, 200)),
        ("org_owner", (403, 200, 200)),
        ("workspace_owner", (403, 403, 200)),
        ("operator", (403, 403, 403)),
        ("reader", (403, 403, 403)),
        ("org_member", (403, 403, 404)),
        ("tenant_member", (403, 404, 404)),
        ("stranger", (404, 404, 404)),
    ],
)
def test_only_owners_of_the_place_see_and_change_it(
    cast: Cast, client: Client, who: str, statuses: tuple[int, ...]
) -> None:
    client.force_login(cast.tenant_owner)
    urls = [make(client, base, handle=f"at_{level}") for level, base in LEVELS.items()]
    client.force_login(getattr(cast, who))
    for url, status in zip(urls, statuses, strict=True):
        assert client.get(url).status_code == status
        assert client.get(re.sub(r"\d+/access/", "new/", url)).status_code == status
        for page in ("save/", "options/"):
            assert client.get(url + page).status_code == (302 if status == 200 else status), page
            assert client.post(url + page, OPTIONS).status_code == status, page


def test_what_an_integration_made_has_no_access_of_its_own(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        root = factories.integration(cast.at_org, "awsi", by=cast.org_owner).root_folder
        leaf = factories.connection(cast.at_org, "vault", folder=root)
        theirs = factories.connection(Scope(cast.acme, cast.ops), "theirs")
    for node in (leaf, theirs):
        assert as_org_owner.get(f"{ORG}{node.pk}/access/").status_code == 404
        assert as_org_owner.post(f"{ORG}{node.pk}/access/save/", KEY).status_code == 404
    assert as_org_owner.post(f"{ORG}new/?folder={root.pk}", {"handle": "mine"}).status_code == 403
    with isolation.as_tenant(cast.acme.pk):
        assert not Connection.objects.filter(is_managed=False, handle="mine").exists()


def test_a_connection_can_be_made_in_a_folder_of_ones_own(cast: Cast, as_org_owner: Client) -> None:
    with isolation.as_tenant(cast.acme.pk):
        mine: Folder = factories.folder(cast.at_org, "Mine", handle="folder_of_mine")
    assert as_org_owner.post(f"{ORG}new/?folder={mine.pk}", {"handle": "inside"}).status_code == 302
    assert stored(cast).connection.folder_id == mine.pk
    assert "inside" in as_org_owner.get(f"{ORG}folders/{mine.pk}/").content.decode()


def test_a_rotated_external_id_takes_over_after_a_green_test_with_it(
    cast: Cast, as_org_owner: Client, aws: RunningAws
) -> None:
    url = make(as_org_owner)
    first = stored(cast).discovery_external_id
    assert "No role uses the present one" in as_org_owner.get(url + "rotate/").content.decode()
    assert as_org_owner.post(url + "rotate/").status_code == 302
    old = stored(cast).discovery_external_id
    assert (old != first, stored(cast).next_discovery_external_id) == (True, ""), "nothing used it"

    prod = aws.organization.find_account("Prod").id
    aws.roles.create("mine", trusting(VENDOR_ROLE_ARN, old), account=prod)
    values = {"access_mode": "role", "role_arn": f"arn:aws:iam::{prod}:role/mine"}
    save(as_org_owner, url, **values)
    assert as_org_owner.post(url + "rotate/").status_code == 302
    new = stored(cast).next_discovery_external_id
    assert (stored(cast).discovery_external_id, new != old) == (old, True)
    page = as_org_owner.get(url).content.decode()
    assert "New External ID" in page
    assert f"{new}" in page.partition("trust policy:")[2]

    page = run_test(cast, as_org_owner, url, **values)
    assert "Signed in to the account" not in page.partition('id="report"')[2]
    assert stored(cast).discovery_external_id == old, "the role does not require the new one yet"
    aws.roles.create("mine", trusting(VENDOR_ROLE_ARN, new), account=prod)
    page = run_test(cast, as_org_owner, url, **values)
    assert f"Signed in to the account {prod}" in page
    assert "New External ID" not in page
    assert (stored(cast).discovery_external_id, stored(cast).next_discovery_external_id) == (new, "")
    assert actions_of(cast).count("connection.external_id_rotated") == 2
    assert actions_of(cast)[-1] == "connection.external_id_replaced"


@pytest.mark.django_db(transaction=True)
def test_a_rotated_id_takes_over_for_the_role_that_was_tested_and_for_no_other(
    committed: Cast, client: Client, aws: RunningAws
) -> None:
    client.force_login(committed.org_owner)
    url = make(client)
    prod = aws.organization.find_account("Prod").id
    first, other = (f"arn:aws:iam::{prod}:role/{name}" for name in ("mine", "other"))
    save(client, url, access_mode="role", role_arn=first)
    client.post(url + "rotate/")
    old, new = stored(committed).discovery_external_id, stored(committed).next_discovery_external_id
    aws.roles.create("mine", trusting(VENDOR_ROLE_ARN, new), account=prod)

    def enter_another_role() -> None:
        with isolation.as_tenant(committed.acme.pk):
            AccountAccess.objects.update(role_arn=other)
        database.close()

    # Somebody enters another role while the test is under way: nothing shows that it requires the new id.
    aws.faults.after_call("AssumeRole", 1, enter_another_role)
    run_test(committed, client, url, access_mode="role", role_arn=first)
    access = stored(committed)
    assert (access.role_arn, access.discovery_external_id, access.next_discovery_external_id) == (other, old, new)
