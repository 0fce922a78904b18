"""Profile → Tokens: one's own, in all of one's tenants; the text of a token is on the page that answers its making.

It is in no session and at no address, so it is on that page alone. The page with the form knows the newest token that
there was: a form that is sent once more, as by loading the answer again, makes no second one.
"""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from workspaces import isolation
from workspaces.forms.tokens import NewTokenForm, TokenForm
from workspaces.models import Membership, Token, User
from workspaces.people import tokens
from workspaces.places import lookup
from workspaces.scoping import account_view
from workspaces.views.tokens.making import command_with, given, newest_in, proved_first
from workspaces.web.htmx import htmx, render_page
from workspaces.web.pagination import numbered_page

_FIELDS = ("title", "tenant", "expires", "day")


@account_view
@require_safe
def token_list(request: HttpRequest, user: User) -> HttpResponse:
    page = numbered_page(request, _own(user).order_by("tenant__handle", "-created_at", "-pk"))
    now = timezone.now()
    rows = [(_of(token, user), tokens.state_of(token, now=now)) for token in page]
    context = {"page": page, "rows": rows, "tenant": request.GET.get("tenant", ""), "limit": tokens.LIMIT}
    return render(request, "workspaces/tokens/list.html", context)


@account_view
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token_new(request: HttpRequest, user: User) -> HttpResponse:
    """Ask for the password (or a code) again, then what the token is for; make it, and show it."""
    if htmx(request) and request.method == "GET":  # what another tenant lets one choose: nothing is made
        return _ask(request, user)
    return proved_first(request, lambda request: _ask(request, user), _FIELDS)


def _ask(request: HttpRequest, user: User) -> HttpResponse:
    now = timezone.now()
    form = NewTokenForm(
        request.POST if request.method == "POST" else None,
        tenants=list(lookup.tenants_of(user)),
        initial=given(request.GET, _FIELDS),
        check_life=tokens.check_life,
        now=now,
    )
    if request.method == "POST" and form.is_valid() and (text := _make(request, user, form)):
        shown = {"text": text, "command": command_with(text), "tenant": form.chosen, "expires_at": form.expires_at}
        return render(request, "workspaces/tokens/shown.html", shown)
    newest = _own(user).order_by("-pk").values_list("pk", flat=True).first() or 0
    context = {"form": form, "newest": newest, "others": form.other_tenants}
    return render_page(request, "workspaces/tokens/new.html", context, parts=("expiry",))


def _make(request: HttpRequest, user: User, form: NewTokenForm) -> str:
    """Make the token; empty, with the reason in the form, where it cannot be made."""
    tenant, newest = form.chosen, newest_in(request)
    if tenant is None or newest is None:
        form.add_error(None, "Nothing was made: this form is not complete. Send it again.")
        return ""
    values = {"title": form.cleaned_data["title"], "expires_at": form.expires_at, "newest": newest}
    try:
        with isolation.as_tenant(tenant.pk):
            text = tokens.make(user=user, tenant=tenant, by=user, now=timezone.now(), **values)
    except tokens.MadeMeanwhileError as error:
        form.add_error(None, str(error))
    except tokens.TooManyTokensError as error:
        form.add_error("tenant", str(error))
    except tokens.TokenLifeError as error:
        form.add_error("expires", str(error))
    except Membership.DoesNotExist:
        form.add_error("tenant", f"You do not belong to {tenant} any more. Choose another tenant.")
    else:
        return text
    return ""


@account_view
@require_http_methods(["GET", "HEAD", "POST"])
def token_change(request: HttpRequest, user: User, own_token: int) -> HttpResponse:
    token = _find(user, own_token)
    initial = {"title": token.title, "is_active": token.is_active}
    form = TokenForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            with isolation.as_tenant(token.tenant_id):
                tokens.change(token=token, by=user, **form.cleaned_data)
        except Token.DoesNotExist:
            raise Http404 from None
        messages.success(request, f"Saved the token {token}.")
        return redirect("token_list")
    context = {"form": form, "token": token, "state": tokens.state_of(token, now=timezone.now())}
    return render(request, "workspaces/tokens/change.html", context)


@account_view
@require_http_methods(["GET", "HEAD", "POST"])
def token_delete(request: HttpRequest, user: User, own_token: int) -> HttpResponse:
    token = _find(user, own_token)
    if request.method == "POST":
        with isolation.as_tenant(token.tenant_id):
            tokens.delete(token=token, by=user)
        messages.success(request, f"Deleted the token {token}. What uses it is signed out.")
        return redirect("token_list")
    return render(request, "workspaces/tokens/delete.html", {"token": token, "cancel_url": reverse("token_list")})


def _own(user: User) -> QuerySet[Token]:
    return Token.objects.filter(user=user).select_related("tenant")


def _find(user: User, pk: int) -> Token:
    return _of(get_object_or_404(_own(user), pk=pk), user)


def _of(token: Token, user: User) -> Token:
    token.user = user  # known, and need not be read again
    return token
