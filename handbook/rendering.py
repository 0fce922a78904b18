"""One Markdown file as a page of sections. HTML in the files is shown as text; links between files become addresses."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

_SECTION_TAGS: Final = ("h2", "h3")
# Of all pictures of the guide: space is kept while they load.
_PICTURE: Final = (
    '<img class="docs-picture" src="{}" alt="{}" width="1120" height="700" loading="lazy" decoding="async">'
)

_Env = MutableMapping[str, Any]  # what the parser hands to each rule: the page's name, and where it leads


class BadPageError(Exception):
    """A file of the documentation has no title, or leads where nothing is."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it, as far as the next heading; ``text`` is what search looks at."""

    anchor: str
    title: str
    level: int
    html: SafeString
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A file of the documentation. ``lead`` is its first paragraph; ``links`` are the sections that it leads to."""

    name: str
    title: str
    lead: str
    intro: SafeString
    sections: tuple[Section, ...]
    links: tuple[str, ...]

    @property
    def url(self) -> str:
        return reverse("docs_page", args=[self.name])

    def part(self, anchor: str) -> tuple[Section, ...]:
        """Give a section with those inside it; nothing where there is none of that name."""
        at = next((at for at, section in enumerate(self.sections) if section.anchor == anchor), None)
        if at is None:
            return ()
        level = self.sections[at].level
        end = next((n for n in range(at + 1, len(self.sections)) if self.sections[n].level <= level), None)
        return self.sections[at:end]


class _Renderer(RendererHTML):
    """HTML in the console's look; collects where links lead in ``env["links"]``."""

    def table_open(self, tokens: Sequence[Token], at: int, options: Any, env: _Env) -> str:
        return '<div class="docs-table" tabindex="0" role="region" aria-label="Table"><table>'

    def table_close(self, tokens: Sequence[Token], at: int, options: Any, env: _Env) -> str:
        return "</table></div>"

    def code_block(self, tokens: Sequence[Token], at: int, options: Any, env: _Env) -> str:
        text = tokens[at].content.rstrip("\n")
        return render_to_string("components/copy.html", {"value": text, "label": "these lines", "block": True})

    def fence(self, tokens: Sequence[Token], at: int, options: Any, env: _Env) -> str:
        return self.code_block(tokens, at, options, env)

    def link_open(self, tokens: Sequence[Token], at: int, options: Any, env: _Env) -> str:
        token = tokens[at]
        token.attrSet("href", _address(str(token.attrGet("href")), env))
        return self.renderToken(tokens, at, options, env)

    def image(self, tokens: Sequence[Token], at: int, options: Any, env: _Env) -> str:
        token = tokens[at]
        source = static(f"docs/{PurePosixPath(str(token.attrGet('src'))).name}")
        return format_html(_PICTURE, source, token.content)


def _address(target: str, env: _Env) -> str:
    """Turn a link between files into one between pages; pages of the console and other sites stay as they are."""
    path, _, anchor = target.partition("#")
    if path.startswith(("https://", "/")):
        return target
    name = PurePosixPath(path).stem if path else env["name"]
    if path and not path.endswith(".md"):
        raise BadPageError(f"{env['name']}: the documentation has no {target}")
    env["links"].append(f"{name}/{anchor}" if anchor else name)
    return (reverse("docs_page", args=[name]) if path else "") + (f"#{anchor}" if anchor else "")


_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")


def render(name: str, source: str) -> Page:
    """Turn the text of a file into the page of that name.

    Raises BadPageError where it does not begin with a title, or leads to what is no page.
    """
    env: _Env = {"name": name, "links": []}
    tokens = _MARKDOWN.parse(source, env)
    if len(tokens) < 3 or tokens[0].tag != "h1":
        raise BadPageError(f"{name}: the first line is to be the title")
    starts = [at for at, token in enumerate(tokens) if token.type == "heading_open" and token.tag in _SECTION_TAGS]
    intro = tokens[3 : starts[0] if starts else None]
    anchors: set[str] = set()
    ends = [*starts[1:], len(tokens)]
    sections = [_section(tokens[start:end], env, anchors) for start, end in zip(starts, ends, strict=False)]
    lead = _plain(intro[1:2]) if intro and intro[0].type == "paragraph_open" else ""
    return Page(name, _plain(tokens[1:2]), lead, _html(intro, env), tuple(sections), tuple(env["links"]))


def _section(tokens: Sequence[Token], env: _Env, anchors: set[str]) -> Section:
    title = _plain(tokens[1:2])
    anchor = slugify(title)
    if anchor in anchors:
        raise BadPageError(f"{env['name']}: two sections are called {title}")
    anchors.add(anchor)
    return Section(anchor, title, int(tokens[0].tag[1]), _html(tokens[3:], env), _plain(tokens[3:]))


def _html(tokens: Sequence[Token], env: _Env) -> SafeString:
    # The files are ours, and HTML in them is escaped.
    return SafeString(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, env))  # nosec B703


def _plain(tokens: Sequence[Token]) -> str:
    """Give the words alone, on one line."""
    words: list[str] = []
    for token in tokens:
        if token.children:
            words.append("".join(" " if child.type == "softbreak" else child.content for child in token.children))
        elif token.content:
            words.append(token.content)
    return " ".join(" ".join(words).split())
