"""Which sessions are read: those that are there and not over."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from workspaces.sign_in.session_store import SessionStore


def test_a_session_is_read_in_one_statement(as_org_owner: Client) -> None:
    key = as_org_owner.session.session_key
    with CaptureQueriesContext(connection) as asked:
        assert SessionStore(key)["_auth_user_id"]
    assert len(asked) == 1


@pytest.mark.parametrize("how", ["over", "deleted", "made up"])
def test_what_is_over_or_never_was_signs_nobody_in_and_is_not_begun_again(as_org_owner: Client, how: str) -> None:
    key = str(as_org_owner.session.session_key)
    if how == "over":
        Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(seconds=1))
    elif how == "deleted":
        Session.objects.filter(pk=key).delete()
    else:
        as_org_owner.cookies["sessionid"] = key = "guessed" * 4
    store = SessionStore(key)
    assert store.get("_auth_user_id") is None
    assert store.session_key is None  # what is saved next gets a key of its own
    assert as_org_owner.get("/profile/").status_code == 302
