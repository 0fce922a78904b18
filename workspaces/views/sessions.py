"""Where a person is signed in."""

from allauth.account.decorators import reauthentication_required
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from workspaces.models import User
from workspaces.scoping import account_view
from workspaces.sign_in import sessions


@account_view
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def session_list(request: HttpRequest, user: User) -> HttpResponse:
    """Show one's sessions, the current one first, and end one of the others or all of them."""
    found = sorted(UserSession.objects.purge_and_list(user), key=lambda one: one.last_seen_at, reverse=True)
    current = [one for one in found if one.is_current()]
    others = [one for one in found if not one.is_current()]
    if request.method == "POST":
        wanted = request.POST.get("session")
        ending = others if wanted is None else [one for one in others if str(one.pk) == wanted]
        sessions.end_sessions(user=user, sessions=ending, by=user)
        messages.success(request, "Signed out all other sessions." if wanted is None else _words(ending))
        return redirect("usersessions_list")
    return render(request, "usersessions/usersession_list.html", {"current": current, "others": others})


def _words(ended: list[UserSession]) -> str:
    if not ended:
        return "That session had ended already."
    return f"Signed out {sessions.browser(ended[0].user_agent)} at {ended[0].ip}."
