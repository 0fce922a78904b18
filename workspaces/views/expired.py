"""What is said to whoever sends a form of a page that is older than their session."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render

from workspaces import typed_secrets


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form whose token is of another session.

    A page that sent it in the background stays as it is, with what was typed: it is given the token of the session that
    there is now, with which the person may send it again. Another site cannot read that. Whoever sent it by a page of
    ours is shown it once more, to be sent with one press; what another site sent is not offered.
    """
    context: dict[str, object] = {"reason": reason}
    if request.method == "POST" and _is_from_our_page(request):
        unseen = typed_secrets.labels_in(request.POST)
        sent = [(name, value) for name, values in request.POST.lists() for value in values]
        context |= {
            "is_ours": True,
            "typed": [(name, value) for name, value in sent if name not in {*unseen, "csrfmiddlewaretoken"}],
            "unseen": list(unseen.items()),
        }
    response = render(request, "403_csrf.html", context, status=403)
    if request.headers.get("HX-Request"):
        response["X-CSRFToken"] = get_token(request)
    return response


def _is_from_our_page(request: HttpRequest) -> bool:
    """Tell whether the browser says so: a page cannot write this header, and all browsers send it with a form."""
    ours = {f"{request.scheme}://{request.get_host()}", settings.BASE_URL.rstrip("/")}
    return request.headers.get("Origin") in ours
