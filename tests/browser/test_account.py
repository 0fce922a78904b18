"""Somebody's own account, in a browser: who is asked for what before it changes."""

import re
import time

from launcher.child import wait_for
from tests import factories
from tests.browser.conftest import Visit
from tests.conftest import Cast
from tests.workspaces.sign_in.signing_in import code_of


def test_another_session_is_ended_by_who_knows_the_password_without_script(visit: Visit, people: Cast) -> None:
    other = visit(people.org_owner).open("/profile/")
    other.sees_heading("Profile")
    console = visit(java_script_enabled=False)
    console.sign_in(people.org_owner.email, factories.PASSWORD)
    console.open("/account/sessions/")
    console.page.get_by_role("button", name=re.compile("^Sign out .* at 127.0.0.1$")).click()
    console.sees_heading("Is it you?")
    console.fill("Password", factories.PASSWORD)
    console.press("Confirm")
    console.sees("Signed out ")
    assert console.path == "/account/sessions/"
    other.open("/profile/").sees_heading("Sign in")


def test_with_a_second_factor_an_address_is_added_by_who_has_it(visit: Visit, people: Cast) -> None:
    console = visit()
    console.sign_in(people.org_member.email, factories.PASSWORD)
    console.open("/account/2fa/totp/activate/").sees_heading("Is it you?")
    console.fill("Password", factories.PASSWORD)
    console.press("Confirm")
    secret = console.page.locator("[data-copy]").get_attribute("data-copy") or ""
    assert wait_for(lambda: time.time() % 30 < 25, seconds=10)  # a code ends with its half minute
    console.fill("Authenticator code", code_of(secret))
    console.press("Turn on")
    console.sees_heading("Recovery codes")
    recovery = console.page.locator(".codes code").first.inner_text()
    console.page.context.clear_cookies()
    console.sign_in(people.org_member.email, factories.PASSWORD)
    console.fill("Code", recovery)
    console.press("Sign in")
    console.open("/account/email/")
    console.fill("Email", "second@example.com")
    console.press("Add the address")
    console.sees_heading("Is it you?")
    console.sees("Enter a code from your authenticator app")
    console.fill("Code", "000000")
    console.press("Confirm")
    console.sees("Incorrect code.")
