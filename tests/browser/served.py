"""The web server of the tests of this folder."""

from functools import cache
from pathlib import Path

import axe_playwright_python
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.http import FileResponse, HttpRequest, HttpResponse

AXE, EMPTY = (f"/static/of-tests/{name}" for name in ("axe.js", "empty.html"))

# Axe asks for the same few colours thousands of times on a page; a sixth of its time went into reading them anew.
_READ_COLORS_ONCE = """
;{
    const Color = axe.commons.color.Color.prototype, read = Color.parseString, known = new Map();
    Color.parseString = function (text) {
        if (known.has(text)) [this.r, this.g, this.b, this.alpha] = known.get(text);
        else {
            read.call(this, text);
            known.set(text, [this.r, this.g, this.b, this.alpha]);
        }
        return this;
    };
}
"""


@cache
def _of_tests(path: str) -> tuple[str, str]:
    """What pages of the tests get beside what the product has, and its type."""
    if path == EMPTY:
        return '<!DOCTYPE html><html lang="en"><title>Nothing</title></html>', "text/html"
    axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    return axe + _READ_COLORS_ONCE, "text/javascript"


class KeptFiles(StaticFilesHandler):
    """Serves static files for browsers to keep, as the web server of the product does.

    Else a browser would ask for each of a page's two dozen again soon: the sooner, the newer the checkout is.
    """

    def serve(self, request: HttpRequest) -> HttpResponse | FileResponse:
        """Give a file, or what only tests ask for, for an hour."""
        answer: HttpResponse | FileResponse
        if request.path in {AXE, EMPTY}:
            text, kind = _of_tests(request.path)
            answer = HttpResponse(text, content_type=f"{kind}; charset=utf-8")
        else:
            answer = super().serve(request)
        answer["Cache-Control"] = "max-age=3600"
        return answer
