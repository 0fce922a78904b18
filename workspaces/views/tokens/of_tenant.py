"""People → Tokens: everybody's in a tenant, for its owners, who end them and say for how long they are good."""

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from workspaces.access import Access, Power
from workspaces.forms.tokens import LongestLifeForm
from workspaces.models import Tenant, Token
from workspaces.people import tokens
from workspaces.places import members
from workspaces.scoping import tenant_view
from workspaces.web.htmx import render_page, search_text
from workspaces.web.pagination import numbered_page
from workspaces.wording.names import isolated


@tenant_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def tenant_tokens(request: HttpRequest, access: Access) -> HttpResponse:
    """List who has which tokens; posted, change for how long they are good at most."""
    tenant, now, query = access.scope.tenant, timezone.now(), search_text(request)
    form = LongestLifeForm(request.POST if request.method == "POST" else None, initial={"days": tenant.token_max_days})
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["days"]
        tokens.set_longest_life(tenant=tenant, days=days, by=access.user)
        how_long = f"for {days} day{'' if days == 1 else 's'} at most" if days else "for as long as anybody wants"
        messages.success(request, f"Tokens of {tenant} that are made from now on are good {how_long}.")
        return redirect(access.scope.url("tenant_tokens"))
    page = numbered_page(request, _matching(_of(tenant), query))
    rows = []
    for token in page:
        token.tenant = tenant  # known, and need not be read again
        rows.append((token, tokens.state_of(token, now=now)))
    context = {"page": page, "rows": rows, "q": query, "form": form, "url": access.scope.url("tenant_tokens")}
    return render_page(request, "workspaces/tokens/of_tenant.html", context, parts=("list",))


@tenant_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def tenant_token_end(request: HttpRequest, access: Access, held_token: int) -> HttpResponse:
    """Ask whether somebody's token is to end, and end it."""
    found, back = get_object_or_404(_of(access.scope.tenant), pk=held_token), access.scope.url("tenant_tokens")
    if request.method == "POST":
        tokens.delete(token=found, by=access.user)
        messages.success(request, f"Ended the token {found} of {isolated(found.user)}. What uses it is signed out.")
        return redirect(back)
    return render(request, "workspaces/tokens/end.html", {"token": found, "cancel_url": back})


@tenant_view(Power.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def tenant_tokens_reset(request: HttpRequest, access: Access) -> HttpResponse:
    """Say how many programs will be signed out, and end all tokens that there are."""
    tenant, now, back = access.scope.tenant, timezone.now(), access.scope.url("tenant_tokens")
    if request.method == "POST":
        number = tokens.void_all(tenant=tenant, by=access.user, now=now)
        ended = "one token" if number == 1 else f"{number} tokens"
        messages.success(request, f"Reset the authentication of programs: {ended} of {tenant} ended.")
        return redirect(back)
    is_live = Q(expires_at=None) | Q(expires_at__gt=now), Q(is_active=True)
    found = Token.objects.filter(tenant=tenant).aggregate(
        live=Count("pk", filter=Q(*is_live)),
        people=Count("user", filter=Q(*is_live), distinct=True),
        others=Count("pk", filter=~Q(*is_live)),
    )
    return render(request, "workspaces/tokens/reset.html", found | {"cancel_url": back})


def _of(tenant: Tenant) -> QuerySet[Token]:
    return Token.objects.filter(tenant=tenant).select_related("user").order_by("user__handle", "-created_at", "-pk")


def _matching(found: QuerySet[Token], text: str) -> QuerySet[Token]:
    own = Q(title__icontains=text) | Q(last4__icontains=text)
    return found.filter(own | members.called(text, "user__")) if text else found
