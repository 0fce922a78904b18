"""What pages share that make a token: they ask for the password (or a code) again, and show the text once."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse


def proved_first(
    request: HttpRequest, show: Callable[[HttpRequest], HttpResponse], fields: Sequence[str]
) -> HttpResponse:
    """Show a page to who has just proved who they are; others are asked to, and led back to it.

    Whose proof has become too old meanwhile finds what they have typed into the fields of the form again.
    """
    try:
        response: HttpResponse = reauthentication_required(show)(request)
    except ReauthenticationRequired:
        typed = given(request.POST if request.method == "POST" else request.GET, fields)
        page = f"{request.path}?{urlencode(typed)}" if typed else request.path
        return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': page}, safe='/')}")
    return response


def given(data: Mapping[str, str], fields: Sequence[str]) -> dict[str, str]:
    """Give what is in the fields, and no more of it than they take."""
    return {name: data[name][:100] for name in fields if data.get(name)}


def newest_in(request: HttpRequest) -> int | None:
    """Read the key of the newest token that there was when the form was opened, 0 without any; None if it is no key."""
    newest = request.POST.get("newest", "")
    return int(newest) if newest.isascii() and newest.isdecimal() and len(newest) < 19 else None


def command_with(token: str) -> str:
    """Write a command for a shell that shows whether a token signs in."""
    url = f"{settings.BASE_URL.rstrip('/')}/api/latest/actor"
    return f'curl -H "Authorization: Bearer {token}" \\\n  {url}'
