"""The page behind the link of an invitation."""

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from workspaces import isolation, retention
from workspaces.forms.people import AccountForm
from workspaces.models import Invitation, Membership, Role, User
from workspaces.people import invitations
from workspaces.scoping import public_view
from workspaces.sign_in import adapter


@never_cache
@public_view
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Let the invited person in: signed in, after signing in, or with a new account.

    Whatever is wrong with the token, the answer is one and the same. Only a person with the token, which was mailed
    to the address, can see whether the address has an account.
    """
    token_hash = invitations.hash_of(token)
    with isolation.as_invitee(token_hash):
        invitation = invitations.find(token_hash, now=timezone.now())
        try:
            return _answer(request, invitation) if invitation else _gone(request)
        except invitations.InvitationOverError:
            return _gone(request)


def _answer(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    if isinstance(request.user, User):
        if request.user.email != invitation.email:
            is_own = adapter.is_confirmed(request.user, invitation.email)
            return _page(request, invitation, "other_address" if is_own else "other_person")
        if request.method == "POST":
            now = timezone.now()
            membership = invitations.accept_invitation(invitation=invitation, by=request.user, now=now)
            return _enter(request, invitation, membership)
        return _page(request, invitation, "join")
    if adapter.person_at(invitation.email):
        return _page(request, invitation, "sign_in")
    return _create_account(request, invitation)


def _create_account(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = AccountForm(
        request.POST or None,
        email=invitation.email,
        handle=adapter.suggest_handle(invitation.email),
        is_taken=lambda handle: User.objects.filter(handle=handle).exists(),
    )
    if form.is_valid():
        try:
            membership = invitations.accept_with_new_account(
                invitation=invitation, now=timezone.now(), **form.cleaned_data
            )
        except IntegrityError:  # somebody took the handle, or made this very account, after it was checked
            if adapter.person_at(invitation.email):
                return redirect(request.path)
            form.add_error("handle", form.taken_error(form.cleaned_data["handle"]))
        else:
            get_adapter(request).login(request, membership.user)
            return _enter(request, invitation, membership)
    return _page(request, invitation, "create_account", form=form)


def _enter(request: HttpRequest, invitation: Invitation, membership: Membership) -> HttpResponse:
    scope = invitations.scope_of(invitation)
    messages.success(request, f"Welcome to {scope}. You are {Role(membership.role).label} here.")
    return redirect(scope.url(f"{scope.place._meta.model_name}_home"))


def _page(request: HttpRequest, invitation: Invitation, state: str, **context: object) -> HttpResponse:
    context |= {"invitation": invitation, "scope": invitations.scope_of(invitation), "state": state}
    return render(request, "workspaces/invitation.html", context | {"role": Role(invitation.role).label})


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "workspaces/invitation_gone.html", {"lifetime": retention.INVITATION}, status=404)
