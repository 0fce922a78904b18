"""Where a shell fetches a setup file: no session, no page, and one answer to every address that opens nothing."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integrations.views.wizard.setup_files import attachment
from integrations.wizard import file_links, setup_files
from workspaces import isolation
from workspaces.rate_limit import LimitReachedError
from workspaces.scoping import public_view

_GONE = (
    "There is no file here. Such an address works for an hour, and as long as its integration is there. Copy the lines"
    " again from the page in Pipes."
)


@never_cache
@public_view
@require_safe
def setup_file(_request: HttpRequest, reference: str) -> HttpResponse:
    """Give the file that an address of ours says; 404 for whatever does not fit, 429 when it is asked too often."""
    wanted = file_links.wanted(reference)
    if wanted is None:
        return _answer(404, _GONE)
    with isolation.as_tenant(wanted.tenant_id):
        try:
            found = file_links.find(wanted, now=timezone.now())
            if found is None:
                return _answer(404, _GONE)
            return attachment(*setup_files.download(found, wanted.file))
        except LimitReachedError:
            return _answer(429, "This is asked for too often. Try again in a minute.", retry_after=60)
        except setup_files.SetupFileUnavailableError as error:
            return _answer(404, str(error))


def _answer(status: int, sentence: str, *, retry_after: int | None = None) -> HttpResponse:
    response = HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response
