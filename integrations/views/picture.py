"""The AWS organization as a picture: an org chart or a map, of the whole mirror or of one folder."""

from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.http import urlencode

from connections import tree_listing
from connections.models import Folder
from connections.pictures import chart, drawing, outline, treemap
from connections.pictures.drawing import Drawing
from connections.pictures.outline import GROUPS, Branch, Colour, read_outline
from integrations.delegation import VIEWERS
from integrations.models import Integration
from integrations.views.frame import find_integration, integration_page
from integrations.views.level import nodes_url
from workspaces.access import Access, Power
from workspaces.scoping import scope_view
from workspaces.web import remembered
from workspaces.web.inputs import key_in

_KINDS = {"chart": ("Chart", chart.draw), "map": ("Map", treemap.draw)}
_CODE = remembered.code_of(chart, drawing, outline, treemap)
_COLOURS = {Colour.HEALTH: "Health", Colour.STATE: "State", Colour.USE: "Use"}


@scope_view(Power.OWNER, delegates=VIEWERS)
def integration_picture(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Draw it; with ``download`` as a file of its own."""
    found = find_integration(access, integration)
    kind, colour = request.GET.get("as", "chart"), request.GET.get("by", Colour.HEALTH)
    if kind not in _KINDS or colour not in list(Colour):
        raise Http404
    folder = _folder(found, request.GET.get("folder", ""))
    picture, top = remembered.remember(
        lambda: _drawn(folder, kind, Colour(colour)), "picture", _CODE, kind, colour, folder.pk
    )
    own = access.scope.url("integration_picture", integration=found.handle)
    asked: dict[str, str | int] = {"as": kind, "by": colour}
    if folder.pk != found.root_folder_id:
        asked["folder"] = folder.pk

    def address(**other: str | int) -> str:
        return f"{own}?{urlencode(asked | other)}"

    context = {
        "drawing": picture,
        "deeper_url": f"{own}?{urlencode({'as': kind, 'by': colour})}&folder=",
        "folder_url": f"{nodes_url(access, found)}folders/",
        "picture_name": f"{_KINDS[kind][0]} of {folder.shown}",
    }
    if "download" in request.GET:
        return _download(context, f"{found.handle}-{kind}.svg")
    context |= {
        "kinds": [(label, address(**{"as": key}), key == kind) for key, (label, _) in _KINDS.items()],
        "colours": [(label, address(by=each), each == colour) for each, label in _COLOURS.items()],
        "above": [(each.shown, address(folder=each.pk)) for each in tree_listing.line_to(folder)[:-1]],
        "folder": folder,
        "outline": top,
        "legend": [(tone, f"{top.all[key]:,} {words}") for key, words, tone in GROUPS[Colour(colour)]],
        "rows": _rows(top, Colour(colour)),
        "download_url": address(download=""),
    }
    page = integration_page(access, found, [("Picture", "")], **context)
    return render(request, "integrations/picture/picture.html", page)


def _drawn(folder: Folder, kind: str, colour: Colour) -> tuple[Drawing, Branch]:
    """Draw a folder; with it comes what the page says besides, of the folder itself and of those directly in it."""
    top = read_outline(folder, colour)
    shown = [replace(branch, branches=[]) for branch in top.branches]
    return _KINDS[kind][1](top, colour), replace(top, branches=shown)


def _folder(integration: Integration, asked: str) -> Folder:
    """Find the folder that a picture is of; raises Http404 for one that is not in this mirror (any more)."""
    if not asked:
        return integration.root_folder
    mirrored = Folder.objects.filter(root=integration.root_folder_id, removed_at=None).select_related("root")
    return get_object_or_404(mirrored, pk=key_in(asked))


def _rows(outline: Branch, colour: Colour) -> list[tuple[Branch, list[str]]]:
    """List what the picture shows, in words: each folder below with its numbers of each group."""
    return [
        (each, [f"{each.all[key]:,} {words}" for key, words, _ in GROUPS[colour] if each.all[key]])
        for each in outline.branches
    ]


def _download(context: dict[str, object], name: str) -> HttpResponse:
    picture = render_to_string("integrations/picture/drawing.svg", context | {"is_file": True})
    response = HttpResponse(picture, content_type="image/svg+xml")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
