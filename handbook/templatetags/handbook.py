"""The "?" beside what the documentation explains. Built in, so that no template loads it."""

from django import template

from handbook.contents import HELP_OF_FIELDS, HELP_OF_TITLES

register = template.Library()


@register.inclusion_tag("handbook/help.html")
def help_about(label: object, kind: str = "title") -> dict[str, object]:
    """Show a "?" that explains the title, or field, of this name; nothing where the documentation does not."""
    known = HELP_OF_FIELDS if kind == "field" else HELP_OF_TITLES
    page, _, anchor = known.get(str(label), "").partition("/")
    return {"label": label, "page": page, "anchor": anchor}
