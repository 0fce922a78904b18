"""The tokens of a service account: its owners make them, as people make theirs, and nobody else does."""

from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from workspaces.access import Access
from workspaces.forms.tokens import ExpiringForm, TokenForm
from workspaces.models import Membership, Token, User
from workspaces.people import tokens
from workspaces.scoping import scope_view
from workspaces.views.service_accounts.accounts import find
from workspaces.views.tokens.making import command_with, given, newest_in, proved_first

_FIELDS = ("title", "expires", "day")


@scope_view()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, access: Access, account: int) -> HttpResponse:
    """Ask the owner for the password (or a code) again, then what the token is for; make it, and show it."""
    found = find(access, account)
    return proved_first(request, partial(_ask, access=access, account=found.user), _FIELDS)


def _ask(request: HttpRequest, *, access: Access, account: User) -> HttpResponse:
    tenant, now = access.scope.tenant, timezone.now()
    form = ExpiringForm(
        request.POST if request.method == "POST" else None,
        tenant=tenant,
        initial=given(request.GET, _FIELDS),
        check_life=tokens.check_life,
        now=now,
    )
    back = access.scope.url("service_account", account=account.pk)
    context = {"account": account, "account_url": back, "tenant": tenant}
    if form.is_valid() and (text := _make(request, access, account, form)):
        context |= {"text": text, "command": command_with(text), "expires_at": form.expires_at}
        return render(request, "workspaces/service_accounts/token_shown.html", context)
    newest = tokens.tokens_of(account, tenant).order_by("-pk").values_list("pk", flat=True).first() or 0
    return render(request, "workspaces/service_accounts/token_new.html", context | {"form": form, "newest": newest})


def _make(request: HttpRequest, access: Access, account: User, form: ExpiringForm) -> str:
    """Make the token; empty, with the reason in the form, where it cannot be made."""
    newest = newest_in(request)
    if newest is None:
        form.add_error(None, "Nothing was made: this form is not complete. Send it again.")
        return ""
    values = {"title": form.cleaned_data["title"], "expires_at": form.expires_at, "newest": newest}
    try:
        return tokens.make(user=account, tenant=access.scope.tenant, by=access.user, now=timezone.now(), **values)
    except (tokens.MadeMeanwhileError, tokens.TooManyTokensError) as error:
        form.add_error(None, str(error))
    except tokens.TokenLifeError as error:
        form.add_error("expires", str(error))
    except Membership.DoesNotExist:
        raise Http404 from None
    return ""


@scope_view()
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, access: Access, account: int, service_token: int) -> HttpResponse:
    token = _find(access, account, service_token)
    initial = {"title": token.title, "is_active": token.is_active}
    form = TokenForm(request.POST if request.method == "POST" else None, initial=initial)
    back = access.scope.url("service_account", account=account)
    if form.is_valid():
        try:
            tokens.change(token=token, by=access.user, **form.cleaned_data)
        except Token.DoesNotExist:
            raise Http404 from None
        messages.success(request, f"Saved the token {token}.")
        return redirect(back)
    context = {"form": form, "token": token, "account": token.user, "account_url": back}
    context["delete_url"] = f"{request.path}delete/"
    context["state"] = tokens.state_of(token, now=timezone.now())
    return render(request, "workspaces/service_accounts/token_change.html", context)


@scope_view()
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, access: Access, account: int, service_token: int) -> HttpResponse:
    token = _find(access, account, service_token)
    back = access.scope.url("service_account", account=account)
    if request.method == "POST":
        tokens.delete(token=token, by=access.user)
        messages.success(request, f"Deleted the token {token}. What uses it is signed out.")
        return redirect(back)
    return render(request, "workspaces/tokens/delete.html", {"token": token, "cancel_url": back})


def _find(access: Access, account: int, pk: int) -> Token:
    user, tenant = find(access, account).user, access.scope.tenant
    token = get_object_or_404(tokens.tokens_of(user, tenant), pk=pk)
    token.user, token.tenant = user, tenant  # known, and need not be read again
    return token
