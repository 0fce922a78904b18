"""Secrets at rest: bound to their row, under keys that rotate."""

import base64
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from integrations.models import AccountAccess, Draft, Integration, Webhook
from tests import factories
from tests.conftest import Cast
from workspaces import encryption, isolation
from workspaces.encryption import SecretUnreadableError
from workspaces.models import sealed_text

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"
OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}


def test_what_is_sealed_opens_for_its_owner_only() -> None:
    sealed = encryption.encrypt(SECRET, owner="a")
    assert encryption.decrypt(sealed, owner="a") == SECRET
    assert SECRET not in sealed
    with pytest.raises(SecretUnreadableError):
        encryption.decrypt(sealed, owner="b")


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    assert encryption.encrypt(SECRET, owner="a") != encryption.encrypt(SECRET, owner="a")


def test_an_empty_secret_stays_empty() -> None:
    assert encryption.encrypt("", owner="a") == encryption.decrypt("", owner="a") == ""


@pytest.mark.parametrize("broken", ["nothing", ".", "gone.AAAA", "old.", "old.AAAA", "old.not base64!", "old.é"])
def test_what_was_tampered_with_is_unreadable_in_a_sentence(settings: Settings, broken: str) -> None:
    settings.ENCRYPTION_KEYS = OLD
    with pytest.raises(SecretUnreadableError, match=r"cannot be decrypted: .+\. Enter it again\.$"):
        encryption.decrypt(broken, owner="a", remedy="Enter it again.")


def test_every_changed_byte_is_noticed(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = OLD
    sealed = bytearray(base64.b64decode(encryption.encrypt(SECRET, owner="a").partition(".")[2]))
    for position in (0, 12, len(sealed) - 1):
        changed = sealed.copy()
        changed[position] ^= 1
        with pytest.raises(SecretUnreadableError):
            encryption.decrypt(f"old.{base64.b64encode(changed).decode()}", owner="a")


def test_every_sealed_column_is_found() -> None:
    found = {field for model in apps.get_models() for field in sealed_text.fields_of(model)}
    columns = {field for model in apps.get_models() for field in model._meta.fields if "sealed" in field.name}
    assert len(found) == 7
    assert found == columns


def make_rows(cast: Cast) -> None:
    """A draft, an integration and a connection made by hand with a secret, a webhook with two; each in two places."""
    for scope, person in ((cast.at_org, cast.org_owner), (cast.at_tenant, cast.tenant_owner)):
        made = factories.integration(scope, f"main-{person.handle}", by=person)
        waiting = factories.draft(scope, by=person)
        by_hand = AccountAccess(
            tenant=scope.tenant, organization=scope.organization, connection=factories.connection(scope, "By hand")
        )
        for row in (made, waiting, by_hand):
            row.secret_key = SECRET
            row.save()
        factories.webhook(made, f"hook-{person.handle}", by=person)


def test_keys_rotate_without_losing_a_secret(cast: Cast, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = OLD
    with isolation.as_tenant(cast.acme.pk):
        make_rows(cast)
    settings.ENCRYPTION_KEYS = NEW | OLD
    out = StringIO()
    call_command("reencrypt_secrets", stdout=out)
    assert out.getvalue() == "Encrypted 10 secrets again.\n"
    settings.ENCRYPTION_KEYS = NEW
    with isolation.as_tenant(cast.acme.pk):
        rows = (*Integration.objects.all(), *Draft.objects.all(), *AccountAccess.objects.all())
        assert [row.secret_key for row in rows] == [SECRET] * 6
        hooks = Webhook.objects.order_by("name")
        assert [hook.url for hook in hooks] == [f"https://{hook}.example.com/in?token=sesame" for hook in hooks]
        assert all(hook.secret.startswith("whsec_") for hook in hooks)
    call_command("reencrypt_secrets", stdout=out)
    assert out.getvalue().endswith("Encrypted 0 secrets again.\n")


def test_a_secret_that_is_copied_to_another_row_or_field_opens_nothing(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        make_rows(cast)
        for model in (Integration, Draft, AccountAccess):
            from_row, to_row = model.objects.order_by("pk")
            to_row.sealed_secret_key = from_row.sealed_secret_key
            assert from_row.secret_key == SECRET
            with pytest.raises(SecretUnreadableError):
                _ = to_row.secret_key
        hook, other = Webhook.objects.order_by("pk")
        other.sealed_url, other.sealed_secret = hook.sealed_url, hook.sealed_secret
        hook.sealed_secret = hook.sealed_url
        for row, name in ((other, "url"), (other, "secret"), (hook, "secret")):
            with pytest.raises(SecretUnreadableError):
                getattr(row, name)
        assert hook.url


def test_what_is_stored_is_bound_as_every_version_before_did(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        make_rows(cast)
        for model in (Integration, Draft, AccountAccess):
            row = model.objects.first()
            assert row is not None
            assert encryption.decrypt(row.sealed_secret_key, owner=f"integration:{row.uid}:secret_key") == SECRET
        hook = Webhook.objects.first()
        assert hook is not None
        assert encryption.decrypt(hook.sealed_url, owner=f"webhook:{hook.uid}:url") == hook.url
        assert encryption.decrypt(hook.sealed_secret, owner=f"webhook:{hook.uid}:secret") == hook.secret


def test_a_secret_that_cannot_be_read_is_named_and_left_alone(cast: Cast, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = OLD
    with isolation.as_tenant(cast.acme.pk):
        make_rows(cast)
        Integration.objects.filter(handle="main-org-owner").update(sealed_secret_key="lost.AAAA")
    settings.ENCRYPTION_KEYS = NEW | OLD
    out = StringIO()
    with pytest.raises(CommandError, match=r"could not be read and stay as they were: acme/main-org-owner\."):
        call_command("reencrypt_secrets", stdout=out)
    assert out.getvalue() == "Encrypted 9 secrets again.\n"
    with isolation.as_tenant(cast.acme.pk):
        assert Integration.objects.get(handle="main-org-owner").sealed_secret_key == "lost.AAAA"
