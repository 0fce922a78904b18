"""Who gets into the operator's site: superusers who gave a second factor, by the product's own sign-in."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver

from tests import factories
from tests.conftest import Cast, sign_in_as_operator
from workspaces.models import User

# What Django's admin serves under its site, and what somebody might look for there.
ADDRESSES = (
    "/operator/", "/operator/login/", "/operator/logout/", "/operator/password_change/",
    "/operator/password_change/done/", "/operator/autocomplete/", "/operator/jsi18n/", "/operator/r/1/1/",
    "/operator/workspaces/", "/operator/workspaces/tenant/", "/operator/workspaces/user/", "/operator/no/such/page/",
)  # fmt: skip


def routes(entries: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, str]]:
    for entry in entries:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        else:
            yield str(entry.name), route


def test_nobody_signs_in_anywhere_but_at_the_product(cast: Cast, client: Client) -> None:
    for path in ADDRESSES:
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (302, f"/account/login/?next={path}")


def test_the_site_takes_no_password(installer: User, client: Client) -> None:
    form = {"username": installer.email, "password": factories.PASSWORD, "next": "/operator/"}
    for path in ADDRESSES:
        response = client.post(path, form)
        assert (response.status_code, response["Location"]) == (302, "/account/login/?next=/"), path
        assert "_auth_user_id" not in client.session


def test_to_anybody_but_superusers_there_is_nothing(as_tenant_owner: Client) -> None:
    assert {path: as_tenant_owner.get(path).status_code for path in ADDRESSES} == dict.fromkeys(ADDRESSES, 404)


def test_a_superuser_without_a_second_factor_is_led_to_one(cast: Cast, client: Client) -> None:
    client.force_login(User.objects.create_superuser(email="root@example.com", handle="root"))
    for path in ADDRESSES:
        response = client.get(path)
        assert response.status_code == 403, path
        page = response.content.decode()
        assert "Set up a second factor first" in page
        assert 'href="/account/2fa/totp/activate/"' in page
        assert "acme" not in page


def test_a_session_that_is_older_than_the_second_factor_is_asked_for_it(installer: User, client: Client) -> None:
    client.force_login(installer)
    for path in ADDRESSES:
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (302, f"/account/2fa/reauthenticate/?next={path}")


def test_with_the_second_factor_the_site_opens(as_operator: Client) -> None:
    assert as_operator.get("/operator/").status_code == 200


def test_recovery_codes_alone_are_no_second_factor(installer: User, as_operator: Client) -> None:
    installer.authenticator_set.filter(type="totp").delete()
    assert as_operator.get("/operator/").status_code == 403


def test_an_operator_who_is_deactivated_is_out_at_once(installer: User, as_operator: Client) -> None:
    User.objects.filter(pk=installer.pk).update(is_active=False)
    assert as_operator.get("/operator/").status_code == 302


def test_the_site_has_no_pages_of_django_s_for_passwords_and_sessions() -> None:
    names = {name for name, _ in routes(admin.site.get_urls(), "")}
    assert {"index", "workspaces_tenant_changelist"} < names
    assert names.isdisjoint({"login", "logout", "password_change", "password_change_done", "autocomplete"})


def test_the_operator_whom_readme_s_command_creates_gets_in(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", factories.PASSWORD)
    call_command("createsuperuser", "--noinput", email="first@example.com", handle="first", verbosity=0)
    first = User.objects.get(handle="first")
    client.post("/account/login/", {"login": first.email, "password": factories.PASSWORD})
    assert "Set up a second factor first" in client.get("/operator/").content.decode()
    factories.second_factor(first)
    assert sign_in_as_operator(Client(), first).get("/operator/").status_code == 200
