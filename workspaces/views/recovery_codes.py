"""The sign-in library's pages of recovery codes: each look is recorded, and the page says where they cannot be read.

They cannot when the key that sealed them is gone.
"""

from typing import cast

from allauth.mfa.recovery_codes import views as library
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from workspaces.encryption import SecretUnreadableError
from workspaces.models import User
from workspaces.scoping import View, account_view
from workspaces.sign_in import account_events, second_factors


def _looks(view: View) -> View:
    @account_view
    def inner(request: HttpRequest, user: User) -> HttpResponseBase:
        is_first = not second_factors.has_seen_codes(user)
        try:
            response = view(request)
        except SecretUnreadableError:
            messages.error(request, "Your recovery codes cannot be read, and let nobody in. Make new ones.")
            return redirect("mfa_index")
        account_events.recovery_codes_seen(user, is_first=is_first)
        return response

    return inner


show = _looks(library.view_recovery_codes)
download = _looks(library.download_recovery_codes)


@account_view
def make(request: HttpRequest, user: User) -> HttpResponse:
    """Make new ones in place of those that there are, whether these can be read or not."""
    try:
        return cast("HttpResponse", library.generate_recovery_codes(request))
    except SecretUnreadableError:  # it wanted to count them
        return render(request, "mfa/recovery_codes/generate.html")
