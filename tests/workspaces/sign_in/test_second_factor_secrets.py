"""What second factors are made from is sealed in the database, for its person only, under keys that rotate."""

import json
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations import clean_up
from tests import factories
from tests.conftest import Cast
from tests.workspaces.sign_in.signing_in import code_of, enter_code, prove, sign_in, turn_on_second_factor
from workspaces.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SEED = "5eed" * 20
OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}


def in_clear(person: User) -> None:
    """Give somebody a second factor as the version before kept it."""
    Authenticator.objects.create(user=person, type="totp", data={"secret": SECRET})
    Authenticator.objects.create(user=person, type="recovery_codes", data={"seed": SEED, "used_mask": 0})


def with_second_factor(client: Client, person: User) -> str:
    sign_in(client, person)
    prove(client)
    secret = turn_on_second_factor(client)
    client.post(reverse("account_logout"))
    return secret


def stored(person: User) -> dict[str, Any]:
    return dict(Authenticator.objects.filter(user=person).values_list("type", "data"))


def gets_in(client: Client, person: User, secret: str) -> bool:
    sign_in(client, person)
    enter_code(client, "mfa_authenticate", secret)
    return client.get(reverse("profile")).status_code == 200


def test_the_database_holds_no_secret_in_clear(cast: Cast, client: Client) -> None:
    secret = with_second_factor(client, cast.org_owner)
    assert secret not in json.dumps(stored(cast.org_owner))
    key_id, _, sealed = stored(cast.org_owner)["recovery_codes"]["seed"].partition(".")
    assert key_id
    assert len(sealed) > 80
    assert gets_in(client, cast.org_owner, secret)
    codes = client.get(reverse("mfa_index")).content.decode()
    assert "10 of 10 are left" in codes


def test_a_recovery_code_gets_one_in_once(cast: Cast, client: Client) -> None:
    secret = with_second_factor(client, cast.org_owner)
    gets_in(client, cast.org_owner, secret)
    enter_code(client, "mfa_reauthenticate", secret)
    code = client.get(reverse("mfa_download_recovery_codes")).content.decode().split()[-1]
    for status in (200, 302):  # the second time it is used up
        client.post(reverse("account_logout"))
        sign_in(client, cast.org_owner)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert client.get(reverse("profile")).status_code == status


def test_a_secret_that_was_copied_to_another_person_lets_nobody_in(cast: Cast, client: Client) -> None:
    secret = with_second_factor(client, cast.stranger)
    own = Authenticator.objects.get(user=cast.stranger, type="totp")
    Authenticator.objects.create(user=cast.org_owner, type="totp", data=own.data)
    sign_in(client, cast.org_owner)
    page = enter_code(client, "mfa_authenticate", secret).content.decode()
    assert "Your second factor cannot be read. Ask the operator of this installation to reset it." in page
    assert client.get(reverse("profile")).status_code == 302


def lose_key_of(person: User, kind: str) -> None:
    name = {"totp": "secret", "recovery_codes": "seed"}[kind]
    factor = Authenticator.objects.get(user=person, type=kind)
    factor.data[name] = f"lost.{factor.data[name].partition('.')[2]}"
    factor.save()


def test_recovery_codes_that_cannot_be_read_are_made_anew(cast: Cast, client: Client) -> None:
    secret = with_second_factor(client, cast.org_owner)
    lose_key_of(cast.org_owner, "recovery_codes")
    assert gets_in(client, cast.org_owner, secret)
    enter_code(client, "mfa_reauthenticate", secret)
    sentence = "cannot be read, and let nobody in. Make new ones."
    assert sentence in client.get(reverse("mfa_index")).content.decode()
    for page in ("mfa_view_recovery_codes", "mfa_download_recovery_codes"):
        assert f"Your recovery codes {sentence}" in client.get(reverse(page), follow=True).content.decode()
    make = reverse("mfa_generate_recovery_codes")
    assert "Make new codes" in client.get(make).content.decode()
    assert "10 of 10 are left" in client.post(make, follow=True).content.decode()


@pytest.mark.parametrize("first", ["totp", "recovery_codes"])
@pytest.mark.parametrize("lost", ["totp", "recovery_codes"])
def test_of_two_factors_the_one_that_can_be_read_lets_one_in(cast: Cast, client: Client, lost: str, first: str) -> None:
    secret = with_second_factor(client, cast.org_owner)
    gets_in(client, cast.org_owner, secret)
    enter_code(client, "mfa_reauthenticate", secret)
    code = client.get(reverse("mfa_download_recovery_codes")).content.decode().split()[-1]
    client.post(reverse("account_logout"))
    lose_key_of(cast.org_owner, lost)
    for factor in sorted(Authenticator.objects.filter(user=cast.org_owner), key=lambda each: each.type != first):
        factor.delete()  # in the order in which they were made the database gives them
        factor.save(force_insert=True)
    sign_in(client, cast.org_owner)
    cache.clear()
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret) if lost == "recovery_codes" else code})
    assert client.get(reverse("profile")).status_code == 200


def test_without_recovery_codes_the_security_page_says_so(cast: Cast, client: Client) -> None:
    factories.second_factor(cast.org_owner)
    client.force_login(cast.org_owner)
    assert "You have none yet." in client.get("/account/2fa/").content.decode()


def test_with_an_app_that_cannot_be_read_the_security_page_says_whom_to_ask(cast: Cast, client: Client) -> None:
    secret = with_second_factor(client, cast.org_owner)
    assert gets_in(client, cast.org_owner, secret)
    lose_key_of(cast.org_owner, "totp")
    lose_key_of(cast.org_owner, "recovery_codes")
    page = client.get(reverse("mfa_index")).content.decode()
    assert "Your authenticator app cannot be read. Ask the operator of this installation to reset it." in page
    assert "Turn off" not in page  # it would ask for a code first
    assert "Make new ones" not in page


def test_what_the_version_before_kept_in_clear_works_and_is_sealed_by_the_clean_up(cast: Cast, client: Client) -> None:
    in_clear(cast.org_owner)
    assert gets_in(client, cast.org_owner, SECRET)
    client.post(reverse("account_logout"))
    clean_up.run(now=timezone.now())
    assert SECRET not in json.dumps(stored(cast.org_owner))
    assert SEED not in json.dumps(stored(cast.org_owner))
    assert gets_in(client, cast.org_owner, SECRET)


def test_keys_rotate_with_those_of_other_secrets(cast: Cast, client: Client, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = OLD
    secret = with_second_factor(client, cast.org_owner)
    in_clear(cast.stranger)
    settings.ENCRYPTION_KEYS = NEW | OLD
    out = StringIO()
    call_command("reencrypt_secrets", stdout=out)
    assert out.getvalue() == "Encrypted 4 secrets again.\n"
    settings.ENCRYPTION_KEYS = NEW
    assert gets_in(client, cast.org_owner, secret)
    assert gets_in(Client(), cast.stranger, SECRET)


def test_they_are_kept_in_clear_before_an_older_version_comes_back(
    cast: Cast, client: Client, settings: Settings
) -> None:
    in_clear(cast.org_owner)
    clean_up.run(now=timezone.now())
    Authenticator.objects.create(user=cast.reader, type="totp", data={"secret": "lost.AAAA"})
    out = StringIO()
    with pytest.raises(CommandError, match=r"as they were: reader@example\.com/totp\."):
        call_command("unseal_second_factors", stdout=out)
    assert out.getvalue() == "Unsealed 2 second factors.\n"
    assert stored(cast.org_owner) == {"totp": {"secret": SECRET}, "recovery_codes": {"seed": SEED, "used_mask": 0}}
    assert stored(cast.reader)["totp"] == {"secret": "lost.AAAA"}
    ours = settings.MFA_ADAPTER, settings.MFA_FORMS
    settings.MFA_ADAPTER, settings.MFA_FORMS = "allauth.mfa.adapter.DefaultMFAAdapter", {}  # as before
    assert gets_in(client, cast.org_owner, SECRET)
    settings.MFA_ADAPTER, settings.MFA_FORMS = ours
    assert gets_in(Client(), cast.org_owner, SECRET)
    clean_up.run(now=timezone.now())
    assert SECRET not in json.dumps(stored(cast.org_owner))


def test_one_that_cannot_be_read_is_named_and_left_alone(cast: Cast, settings: Settings) -> None:
    in_clear(cast.stranger)
    Authenticator.objects.create(user=cast.org_owner, type="totp", data={"secret": "lost.AAAA"})
    with pytest.raises(CommandError, match=r"org-owner@example\.com/totp"):
        call_command("reencrypt_secrets", stdout=StringIO())
    assert stored(cast.org_owner)["totp"] == {"secret": "lost.AAAA"}
    assert SECRET not in json.dumps(stored(cast.stranger))
