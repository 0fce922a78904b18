"""The list of sessions that a person sees, kept without writing on every request, and cleared of what is over."""

from collections.abc import Callable
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

SEEN_EVERY = 300  # seconds between two notes that a session is in use


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
