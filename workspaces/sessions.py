"""The list of sessions that a person sees, kept without writing on every request, and cleared of what is over."""

from collections.abc import Callable, Iterable
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from workspaces import audit
from workspaces.models import User

SEEN_EVERY = 300  # seconds between two notes that a session is in use

# In this order: each browser also calls itself by the names of later ones.
_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl")
_BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera"}
_SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux")


class SessionTrackingMiddleware:
    """Note that a session is in use, at most every five minutes: pages that poll would write at each poll otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note it and go on."""
        key = request.session.session_key
        if key and request.user.is_authenticated and cache.add(f"seen:{key}", 1, SEEN_EVERY):
            UserSession.objects.create_from_request(request)
        return self.get_response(request)


def forget_ended(*, now: datetime) -> None:
    """Delete the sessions that nobody can use any more, and what was noted of them: Django keeps them for ever."""
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


@transaction.atomic
def end_sessions(*, user: User, sessions: Iterable[UserSession], by: User) -> None:
    """Sign a person out where these sessions are."""
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
