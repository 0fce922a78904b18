"""The list of keyboard shortcuts: a page, and the dialog that "?" opens."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from workspaces.models import User
from workspaces.scoping import account_view

_GROUPS: Final = (
    (
        "Anywhere",
        (
            (("Ctrl K", "⌘ K"), "Search places, integrations, folders and accounts"),
            (("/",), "Search the list of this page"),
            (("?",), "Show these shortcuts"),
            (("Esc",), "Close what is open"),
        ),
    ),
    (
        "In a search or a menu",
        (
            (("↓", "↑"), "Next or previous result"),
            (("Enter",), "Open it"),
        ),
    ),
    (
        "In a tree of folders",
        (
            (("↓", "↑"), "Next or previous row"),
            (("→",), "Show what is in a folder, then go into it"),
            (("←",), "Hide what is in a folder, or go to the one around it"),
            (("Home", "End"), "First or last row"),
            (("A … Z",), "Next row that begins with the letter"),
        ),
    ),
)


@account_view
def shortcuts(request: HttpRequest, user: User) -> HttpResponse:
    return render(request, "workspaces/shortcuts.html", {"groups": _GROUPS})
