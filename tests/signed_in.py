"""Signing people in to Django's test client without what signing in does beside it, which has tests of its own.

That, and what the first page of a session writes, are eight statements for nearly each test of a page.
"""

import time
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from django.utils.crypto import get_random_string

from workspaces.models import User
from workspaces.sign_in.session_store import SessionStore

sign_in_anew = Client.force_login  # by Django's way in: the session is recorded when its first page is asked for


def sign_in(client: Client, user: User, _backend: str | None = None) -> None:
    """Give the client a session in which a page has been seen a moment ago."""
    now, key = time.time(), get_random_string(32, VALID_KEY_CHARS)
    kept = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
        "signed_in_at": now,
        "seen_at": now,
    }
    ends_at = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    Session.objects.bulk_create([Session(key, SessionStore().encode(kept), ends_at)])
    client.cookies[settings.SESSION_COOKIE_NAME] = key
