"""The list of service accounts, and the page of each: what it is called, what it may do, and its tokens."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from workspaces.access import Access, Scope
from workspaces.database import at_most_one
from workspaces.forms.service_accounts import ChangedAccountForm, ServiceAccountForm
from workspaces.models import Membership
from workspaces.people import service_accounts, tokens
from workspaces.places import members
from workspaces.places.deletion import MOST_NAMES, Going
from workspaces.scoping import scope_view
from workspaces.views.delegation import listed
from workspaces.views.delete_confirmation import ConfirmForm, show_delete
from workspaces.web.htmx import render_page, search_text
from workspaces.web.pagination import numbered_page
from workspaces.wording.names import isolated


@scope_view()
@require_safe
def account_list(request: HttpRequest, access: Access) -> HttpResponse:
    query, scope = search_text(request), access.scope
    page = numbered_page(request, members.matching(service_accounts.of(scope), query))
    context = {"page": page, "q": query, "limit": tokens.LIMIT_OF_SERVICE_ACCOUNT, "list_url": request.path}
    return render_page(request, "workspaces/service_accounts/list.html", context, parts=("list",))


@scope_view()
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, access: Access) -> HttpResponse:
    scope = access.scope
    form = ServiceAccountForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        made = service_accounts.create(scope=scope, **form.cleaned_data, by=access.user)
        messages.success(request, f"Created the service account {isolated(made.user)}. Make a token for it next.")
        return redirect(scope.url("service_account", account=made.user_id))
    context = {"form": form, "cancel_url": scope.url("service_accounts")}
    return render(request, "workspaces/service_accounts/new.html", context)


@scope_view()
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, access: Access, account: int) -> HttpResponse:
    """Show a service account and its tokens; posted, change its title, description or role."""
    found, scope = find(access, account), access.scope
    initial = {"title": found.user.name, "description": found.user.description, "role": found.role}
    form = ChangedAccountForm(request.POST if request.method == "POST" else None, scope=scope, initial=initial)
    if form.is_valid():
        _change(access, found, form)
        messages.success(request, f"Saved the service account {isolated(form.cleaned_data['title'])}.")
        return redirect(request.path)
    now = timezone.now()
    held = list(tokens.tokens_of(found.user, scope.tenant))
    for token in held:
        token.user, token.tenant = found.user, scope.tenant  # known, and need not be read again
    page, delegated = listed.of_account(request, scope, found.user)
    context = {
        "form": form,
        "page": page,
        "listed": delegated,
        "delegates_url": scope.url("place_delegates"),
        "member": found,
        "account": found.user,
        "rows": [(token, tokens.state_of(token, now=now)) for token in held],
        "limit": tokens.LIMIT_OF_SERVICE_ACCOUNT,
        "places": members.places_inside(scope, found.user),
        "list_url": scope.url("service_accounts"),
    }
    return render(request, "workspaces/service_accounts/detail.html", context)


def _change(access: Access, member: Membership, form: ChangedAccountForm) -> None:
    values = form.cleaned_data
    texts = {"title": values["title"], "description": values["description"]}
    try:
        service_accounts.change(scope=access.scope, account=member.user, **texts, by=access.user)
        members.change_role(scope=access.scope, member=member, role=values["role"], by=access.user)
    except Membership.DoesNotExist:
        raise Http404 from None


@scope_view()
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, access: Access, account: int) -> HttpResponse:
    """Say what goes with a service account, ask for its handle, and delete it."""
    found, scope = find(access, account), access.scope
    form = ConfirmForm(found.user.handle, request.POST if request.method == "POST" else None)
    if form.is_valid():
        service_accounts.delete(scope=scope, account=found.user, by=access.user)
        messages.success(request, f"Deleted the service account {isolated(found.user)}. What used it is signed out.")
        return redirect(scope.url("service_accounts"))
    inside = [str(place) for place in members.places_inside(scope, found.user)]
    sent = members.loss_of(Scope(scope.tenant), found.user).invitations
    going = [
        Going(len(tokens.tokens_of(found.user, scope.tenant)), "token", "tokens"),
        Going(len(inside), "role in a place inside", "roles in places inside", inside[:MOST_NAMES]),
        Going(len(sent), "open invitation that it sent", "open invitations that it sent", sent[:MOST_NAMES]),
    ]
    warning = (
        "Programs that work as it are signed out with their next request, for good. What it did stays in the audit"
        " log, under its name. This action is not reversible!"
    )
    back = scope.url("service_account", account=account)
    return show_delete(request, form, what="service account", warning=warning, going=going, cancel_url=back)


def find(access: Access, account: int) -> Membership:
    """Find what a service account of the place itself is there. Raises Http404."""
    found = at_most_one(service_accounts.of(access.scope).filter(user=account))
    if found is None:
        raise Http404
    return found
