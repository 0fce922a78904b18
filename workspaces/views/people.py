"""What a person sets for themself: the profile, the address to sign in with, and the theme."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.decorators import reauthentication_required
from allauth.account.views import email as addresses_of_library
from allauth.account.views import password_change as change_password_of_library
from allauth.account.views import password_set as set_password_of_library
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from workspaces.forms.places import ProfileForm
from workspaces.models import User
from workspaces.places import actions
from workspaces.scoping import View, account_view, public_view
from workspaces.sign_in import adapter
from workspaces.web.back import came_from
from workspaces.web.htmx import asks_about_field, field_status, what_to_judge

THEMES = frozenset({"light", "dark"})
_YEAR = 365 * 24 * 3600


@account_view
def profile(request: HttpRequest, user: User) -> HttpResponse:
    form = ProfileForm(
        what_to_judge(request),
        initial={"handle": user.handle, "name": user.name},
        is_taken=lambda handle: User.objects.filter(handle=handle).exclude(pk=user.pk).exists(),
        taken="somebody else",
    )
    if name := asks_about_field(request, form):
        return field_status(request, form, name)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_profile(user=user, **form.cleaned_data)
        except IntegrityError:  # somebody took the handle after it was checked
            form.add_error("handle", form.taken_error(form.cleaned_data["handle"]))
            user.refresh_from_db()
        else:
            messages.success(request, "Saved your profile.")
            return redirect("profile")
    return render(request, "workspaces/profile.html", {"form": form})


@account_view
def email_addresses(request: HttpRequest, user: User) -> HttpResponse:
    """Show and change one's addresses; only a confirmed one becomes the address that one is known by.

    The sign-in library would let somebody without any confirmed address take one that is not theirs, and with it what
    others mean for its owner.
    """
    adapter.record_address(user)
    wanted = request.POST.get("email", "").lower()
    if "action_primary" in request.POST and not adapter.is_confirmed(user, wanted):
        messages.error(request, f"{wanted} is not confirmed yet: open the link that we sent to it first.")
        return redirect("account_email")
    if "action_primary" in request.POST and User.objects.filter(email=wanted).exclude(pk=user.pk).exists():
        messages.error(request, f"Somebody else signs in with {wanted}. Use another address.")
        return redirect("account_email")
    return cast("HttpResponse", addresses_of_library(request))


def _prove_first(view: Callable[..., Any]) -> View:
    """Ask somebody to prove who they are before a page that takes a password.

    The library would keep what was posted in the session meanwhile; passwords are typed again instead.
    """

    @account_view
    def inner(request: HttpRequest, user: User) -> HttpResponse:
        try:
            return cast("HttpResponse", reauthentication_required(view)(request))
        except ReauthenticationRequired:
            return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': request.path}, safe='/')}")

    return inner


change_password = _prove_first(change_password_of_library)
set_password = _prove_first(set_password_of_library)


@require_POST
@public_view
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and go back; anything but light and dark follows the system."""
    response = redirect(came_from(request, "home"))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response
