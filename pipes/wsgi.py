"""The WSGI entry point."""

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipes.settings")
os.environ.setdefault("PIPES_DATABASE_POOL", "true")

_BOUNDARY = re.compile(r'boundary=("[^"]*"|[^\s;"]+)', re.IGNORECASE)
_django = get_wsgi_application()


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer a request, taking its text for UTF-8 whatever it claims: forms of our pages are never anything else.

    At other claims Django fails before any of our own code can answer.
    """
    kind, _, parameters = environ.get("CONTENT_TYPE", "").partition(";")
    boundary = _BOUNDARY.search(parameters)
    environ["CONTENT_TYPE"] = f"{kind}; {boundary[0]}" if boundary else kind
    return _django(environ, start_response)
