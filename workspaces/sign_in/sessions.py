"""Sessions: how long they last, and the list of them that a person sees, kept without writing on every request."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime

import structlog
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from workspaces import audit
from workspaces.models import User
from workspaces.web.htmx import htmx

SEEN_EVERY = 300  # seconds between two records that a session is in use
_DAY = 24 * 3600

# In this order: each browser also calls itself by the names of later ones.
_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl")
_BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera"}
_SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux")


class SessionTrackingMiddleware:
    """End a session that is too old, and record that one is in use.

    It is written at most every five minutes, which puts off the end that Django gives to unused sessions. What a page
    asks for by itself is no use: it would keep the session of somebody who went away.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            structlog.contextvars.bind_contextvars(user_id=request.user.pk)  # for each line of the log from here on
            now, session = time.time(), request.session
            if now - session.get("signed_in_at", now) > settings.PIPES_SESSION_DAYS * _DAY:
                logout(request)
            elif now - session.get("seen_at", 0) >= SEEN_EVERY and not (request.method == "GET" and htmx(request)):
                session.setdefault("signed_in_at", now)
                session["seen_at"] = now
                if not session.get_expire_at_browser_close():
                    session.set_expiry(settings.SESSION_COOKIE_AGE)
                UserSession.objects.create_from_request(request)
        return self.get_response(request)


def begin(request: HttpRequest) -> None:
    """Let the time that a session may last count from now, when somebody has signed in."""
    request.session["signed_in_at"] = time.time()


def forget_ended(*, now: datetime) -> None:
    """Delete the sessions that nobody can use any more, and what was recorded of them: Django keeps them for ever."""
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


@transaction.atomic
def end_sessions(*, user: User, sessions: Iterable[UserSession], by: User) -> None:
    ended = []
    for session in sessions:
        session.end()
        ended.append(f"{browser(session.user_agent)} at {session.ip}")
    if ended:
        audit.record_in_tenants_of("user.sessions_ended", user=user, by=by, sessions=ended)


def browser(user_agent: str) -> str:
    """Name a browser and its system as people do, from what it calls itself."""
    name = next((name for name in _BROWSERS if f"{name}/" in user_agent), "")
    system = next((system for system in _SYSTEMS if system in user_agent), "")
    if not name:
        return user_agent[:60] or "Unknown browser"
    return f"{_BROWSER_NAMES.get(name, name)} on {system}" if system else _BROWSER_NAMES.get(name, name)
