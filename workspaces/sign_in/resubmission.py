"""A form that came from no session of now is shown once more, with what was typed, to be sent with one press.

What was typed is in that page and nowhere else: not in a session, which may become somebody else's, and in no address.
"""

from django.conf import settings
from django.http import HttpRequest

from workspaces.sign_in import typed_secrets


def kept(request: HttpRequest) -> dict[str, object]:
    """Give what ``components/sent_again.html`` shows; nothing for what no page of ours has sent.

    What is secret is asked for once more, all else is sent as it was.
    """
    if request.method != "POST" or not _is_from_our_page(request):
        return {}
    unseen = typed_secrets.labels_in(request.POST)
    sent = [(name, value) for name, values in request.POST.lists() for value in values]
    typed = [(name, value) for name, value in sent if name not in {*unseen, "csrfmiddlewaretoken"}]
    return {"is_ours": True, "typed": typed, "unseen": list(unseen.items())}


def _is_from_our_page(request: HttpRequest) -> bool:
    """Return whether the browser says so: a page cannot write this header, and all browsers send it with a form."""
    ours = {f"{request.scheme}://{request.get_host()}", settings.BASE_URL.rstrip("/")}
    return request.headers.get("Origin") in ours
