"""The sign-in library's pages of recovery codes, where these cannot be read: the key that sealed them is gone."""

from typing import cast

from allauth.mfa.recovery_codes import views as library
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from workspaces.models import User
from workspaces.scoping import View, account_view
from workspaces.secrets import SecretUnreadableError


def _told_on_security_page(view: View) -> View:
    @account_view
    def inner(request: HttpRequest, user: User) -> HttpResponse:
        try:
            return view(request)
        except SecretUnreadableError:
            messages.error(request, "Your recovery codes cannot be read, and let nobody in. Make new ones.")
            return redirect("mfa_index")

    return inner


show = _told_on_security_page(library.view_recovery_codes)
download = _told_on_security_page(library.download_recovery_codes)


@account_view
def make(request: HttpRequest, user: User) -> HttpResponse:
    """Make new ones in place of those that there are, whether these can be read or not."""
    try:
        return cast("HttpResponse", library.generate_recovery_codes(request))
    except SecretUnreadableError:  # it wanted to count them
        return render(request, "mfa/recovery_codes/generate.html")
