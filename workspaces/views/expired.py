"""The answer to a form of a page that is older than the person's session."""

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render

from workspaces.sign_in import resubmission
from workspaces.web.htmx import htmx


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form whose token is of another session.

    A page that sent it in the background stays as it is, with what was typed: it is given the token of the session that
    there is now, with which the person may send it again. Another site cannot read that. Who sent it by a page of
    ours is shown it once more, to be sent with one press; what another site sent is not offered.
    """
    response = render(request, "403_csrf.html", {"reason": reason} | resubmission.kept(request), status=403)
    if htmx(request):
        response["X-CSRFToken"] = get_token(request)
    return response
