"""The files that create the roles in AWS."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from integrations.models import Draft
from integrations.models.settings import NamedSettings
from integrations.wizard import drafts, setup_files
from workspaces.access import Access, Power
from workspaces.scoping import scope_view


@scope_view(Power.OWNER)
@require_safe
def download(request: HttpRequest, access: Access, draft: UUID, file: str) -> HttpResponse:
    found = drafts.find(access.scope, draft, now=timezone.now(), is_locked=False)
    if not isinstance(found, Draft):
        raise Http404
    return send_setup_file(request, found, file, back_url=drafts.draft_url(found))


def send_setup_file(request: HttpRequest, settings: NamedSettings, file: str, *, back_url: str) -> HttpResponse:
    """Send one file as an attachment; where these settings have none, go back and say why. Raises Http404."""
    if file not in setup_files.FILES:
        raise Http404
    try:
        return attachment(*setup_files.download(settings, file))
    except setup_files.SetupFileUnavailableError as error:
        messages.error(request, str(error))
        return redirect(back_url)


def attachment(file_name: str, text: str) -> HttpResponse:
    """Send a text as a file that nothing on the way keeps: it names an external id."""
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    response["Cache-Control"] = "no-store"
    return response
