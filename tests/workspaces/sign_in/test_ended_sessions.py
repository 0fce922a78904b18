"""Sessions that are over leave no rows behind."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from integrations import clean_up
from tests.conftest import Cast
from tests.signed_in import sign_in_anew


def test_sessions_that_are_over_go_with_what_was_noted_of_them(cast: Cast) -> None:
    keys = []
    for _ in range(3):
        client = Client()
        sign_in_anew(client, cast.org_owner)
        client.get("/")
        keys.append(client.session.session_key)
    assert UserSession.objects.filter(session_key__in=keys).count() == 3
    Session.objects.filter(session_key=keys[0]).update(expire_date=timezone.now() - timedelta(seconds=1))
    Session.objects.filter(session_key=keys[1]).delete()  # as signing out does
    clean_up.run(now=timezone.now())
    assert set(Session.objects.values_list("session_key", flat=True)) == {keys[2]}
    assert set(UserSession.objects.values_list("session_key", flat=True)) == {keys[2]}
