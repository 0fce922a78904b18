"""The "?" beside what the documentation explains. Built in, so that no template loads it."""

from django import template

from handbook.contents import HELP

register = template.Library()


@register.inclusion_tag("handbook/help.html")
def help_about(label: object) -> dict[str, object]:
    """Show a "?" that explains the field or title with this label; nothing where the documentation does not."""
    page, _, anchor = HELP.get(str(label), "").partition("/")
    return {"label": label, "page": page, "anchor": anchor}
