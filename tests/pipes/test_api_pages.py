"""The document of the API as people read it: all of it, for everybody, and light."""

import gzip
import html as html_library
import json
import re

from django.test import Client

from pipes.api import ROUTES, document

DOCS = "/api/latest/docs/"
_LIGHT = 30_000  # bytes over the wire, with all of the console's files in the cache


def test_every_route_is_told_with_what_it_takes_and_answers(client: Client) -> None:
    index = client.get(DOCS).content.decode()
    subjects = dict.fromkeys(re.findall(rf'href="({DOCS}[a-z-]+/)"', index))
    pages = {url: client.get(url).content.decode() for url in subjects}
    told = {
        (method, html_library.unescape(path))
        for page in pages.values()
        for method, path in re.findall(r'route-method">([A-Z]+)</span> <code>([^<]*)</code>', page)
    }
    assert told == {(route.method, route.path) for routes in ROUTES for route in routes.declared}
    written = json.loads(document())
    fields = {name for model in written["components"]["schemas"].values() for name in model.get("properties", ())}
    whole = "".join(pages.values())
    used = fields - {"type", "title", "status", "instance", "detail", "validation_errors", "location", "message"}
    assert {name for name in used if f"<code>{name}</code>" not in whole} <= {"items"}
    for url, page in pages.items():
        assert len(gzip.compress(page.encode())) <= _LIGHT, url
        anchors = re.findall(r'\bid="([^"]+)"', page)
        assert len(anchors) == len(set(anchors)), url
        assert {at for at in re.findall(r'href="#([^"]+)"', page) if at not in anchors} == set(), url
        assert "-X" in page or "curl" in page
    linked = set(re.findall(rf'href="{DOCS}([a-z-]+)/#([^"]+)"', index))
    assert linked
    assert all(f'id="{anchor}"' in pages[f"{DOCS}{slug}/"] for slug, anchor in linked)
    assert client.get(f"{DOCS}nothing/").status_code == 404
    assert client.post(DOCS).status_code == 405
