"""What Pipes has and we do not: its clients ask for it all the same, and must be answered so that they go on.

Lists are empty, for a client that goes through all workspaces stops at an error; what would be made is refused with the
reason. As everywhere, who has nothing to do with the place is told nothing.
"""

import re
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse

from workspaces.api.door import nothing_there, signed_in_only
from workspaces.api.problems import ProblemError, answer
from workspaces.api.routes import enter
from workspaces.people.tokens import SignedIn

_NO_ENGINE: Final = "No query engine runs here: queries go to where Steampipe does."
_NOT_HERE: Final = "This is not a part of this installation."
_PERSONAL: Final = "Personal workspaces are disabled here."
_NO_MACHINE: Final = "There is nothing to reboot, start, stop or upgrade: no machine runs for a workspace here."
_WEB: Final = "Sign in on the web, and make a token at Profile → Tokens."

_ANYWHERE: Final = r"(?:org/(?P<org>[^/]+)/(?:workspace/(?P<workspace>[^/]+)/)?)?"
_IN_WORKSPACE: Final = r"org/(?P<org>[^/]+)/workspace/(?P<workspace>[^/]+)/"
_OF_PERSON: Final = r"user/(?P<user>[^/]+)/"
_PERSONS: Final = "workspace|conn|connection|connection_folder|integration|notifier|process|usage|constraint"
_WORKSPACES: Final = (
    "mod|flowpipe/mod|flowpipe/input|flowpipe/trigger|flowpipe/pipeline|pipeline|snapshot|datatank|db_log"
)

# What a path is of: lists that are empty, and what is refused whatever is sent, each with its reason and its status.
_LISTS: Final = tuple(
    (re.compile(pattern), status, why)
    for pattern, status, why in (
        (rf"{_OF_PERSON}(?:{_PERSONS})(?P<one>/.+)?", 403, _PERSONAL),
        (rf"{_ANYWHERE}(?:notifier|usage|constraint)(?P<one>/.+)?", 501, _NOT_HERE),
        (rf"{_IN_WORKSPACE}(?:{_WORKSPACES})(?P<one>/.+)?", 501, _NOT_HERE),
        (rf"{_ANYWHERE}(?:billing|plan|invoice|subscription|payment)(?P<one>/.+)?", 501, _NOT_HERE),
    )
)
_REFUSED: Final = tuple(
    (re.compile(pattern), methods, why, 400 if why == _NO_MACHINE else 501)
    for pattern, methods, why in (
        (rf"{_IN_WORKSPACE}(?:query(?:/.*)?|schema/[^/]+/table(?:/.*)?)", ("GET", "POST"), _NO_ENGINE),
        (rf"(?:{_ANYWHERE}|{_OF_PERSON.replace('user>', 'person>')})avatar", ("POST", "DELETE"), _NOT_HERE),
        (rf"{_IN_WORKSPACE}command", ("POST",), _NO_MACHINE),
        (r"(?:login(?:/token)?|logout|signup|auth/[^/]+)", ("GET", "POST"), _WEB),
    )
)


@signed_in_only
def absent(request: HttpRequest, path: str) -> HttpResponse:
    """Answer for a path of Pipes at which we have nothing, and for any other."""
    for pattern, methods, why, status in _REFUSED:
        if (match := pattern.fullmatch(path)) and request.method in methods:
            _check_place(request, match)
            return answer(ProblemError(status, why))
    for pattern, status, why in _LISTS:
        if match := pattern.fullmatch(path):
            _check_place(request, match)
            if request.method == "GET" and not match["one"]:
                return HttpResponse('{"items":[]}', content_type="application/json")
            if request.method == "POST":
                return answer(ProblemError(status, why))
    return nothing_there(request)


def _check_place(request: HttpRequest, match: re.Match[str]) -> None:
    """Refuse whom the place, or the person, of the path is not for. Raises ProblemError."""
    who: SignedIn = request.signed_in  # type: ignore[attr-defined]  # by the door
    named = match.groupdict()
    try:
        enter(who, named.get("org"), named.get("workspace"))
        if named.get("user", who.user.handle) not in (who.user.handle, who.user.public_id):
            raise Http404
    except Http404:
        raise ProblemError(404, "There is no such thing, or none that you have to do with.") from None
