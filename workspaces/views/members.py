"""The People tab of a tenant, an organization or a workspace."""

from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from workspaces import retention
from workspaces.access import Access, Power, Scope
from workspaces.database import at_most_one
from workspaces.forms.people import AddPersonForm, RoleForm
from workspaces.models import Invitation, Membership, Role, SupportAccess, User
from workspaces.people import invitations
from workspaces.people import support_access as workspaces_support_access
from workspaces.people.invitations import InvitationEmail
from workspaces.places import home, members
from workspaces.places.home import StaysError
from workspaces.rate_limit import LimitReachedError
from workspaces.scoping import scope_view, tenant_view
from workspaces.web.htmx import render_page, search_text
from workspaces.web.pagination import numbered_page
from workspaces.wording.durations import duration_in_words
from workspaces.wording.names import isolated

INVITATIONS_SHOWN = 100


@scope_view(Power.MEMBER, with_workspace=True)
def member_list(request: HttpRequest, access: Access) -> HttpResponse:
    """Show who is in the place and as what; owners also see who is invited."""
    if access.scope.level == "tenant":  # organizations and workspaces show their people to members too
        access.check(Power.OWNER)
    query, scope = search_text(request), access.scope
    found = members.matching(members.members_of(scope), query).select_related("user__service_organization")
    page = numbered_page(request, found)
    for member in page:
        member.home_url = _home_url(scope, member.user)  # for the template
    context: dict[str, object] = {"page": page, "q": query, "list_url": scope.url("people")}
    context |= {"sole_owner": members.sole_owner(scope), "roles": members.roles_in(scope), "now": timezone.now()}
    if access.is_tenant_owner:
        context["supports"] = workspaces_support_access.live_in(scope.tenant, now=timezone.now())
    if access.can_own:
        invited = Invitation.objects.open().filter(**scope.keys, email__icontains=query).order_by("-created_at", "-pk")
        context |= {"invitations": invited[:INVITATIONS_SHOWN], "most_invitations": INVITATIONS_SHOWN}
    return render_page(request, "workspaces/people.html", context, parts=("list",))


def _home_url(scope: Scope, user: User) -> str:
    """Give the page of a service account of the place, where it is changed and deleted; empty for anybody else."""
    home_scope = Scope(scope.tenant, user.service_organization)
    return home_scope.url("service_account", account=user.pk) if home.is_of(scope, user) else ""


@scope_view(Power.OWNER, with_workspace=True)
def add(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a handle or email and a role; add who is in the tenant, invite anybody else."""
    scope = access.scope
    form = AddPersonForm(request.POST or None, scope=scope)
    if form.is_valid():
        who, role = form.cleaned_data["who"], form.cleaned_data["role"]
        if form.user:
            return _add(request, access, form.user, role)
        if _invite(request, access, who, role):
            return redirect(scope.url("people"))
    help_text = f"Somebody who is in {scope.tenant} already is added at once; anybody else gets an invitation by email."
    if scope.level == "tenant":
        help_text = (
            f"An email with a link is sent, which is good for {duration_in_words(retention.INVITATION)} and for one"
            " person."
        )
    context = {"form": form, "cancel_url": scope.url("people"), "help": help_text}
    return render(request, "workspaces/person_add.html", context)


def _add(request: HttpRequest, access: Access, user: User, role: Role) -> HttpResponse:
    scope = access.scope
    try:
        members.add_member(scope=scope, user=user, role=role, by=access.user)
    except members.AlreadyMemberError:
        messages.error(request, f"Somebody else has just added {isolated(user)} to {scope}. Their role is in the list.")
    else:
        messages.success(request, f"Added {isolated(user)} to {scope} as {role.label}.")
    return redirect(scope.url("people"))


def _invite(request: HttpRequest, access: Access, email: str, role: Role) -> bool:
    try:
        email_to_send = invitations.send_invitation(
            scope=access.scope, email=email, role=role, by=access.user, now=timezone.now()
        )
    except LimitReachedError as error:
        messages.error(request, str(error))
        return False
    # The token must not be mailed for an invitation that is rolled back; the next page shows what goes wrong then.
    transaction.on_commit(partial(_deliver, request, email_to_send))
    return True


def _deliver(request: HttpRequest, email: InvitationEmail) -> None:
    try:
        invitations.mail_invitation(email)
    except OSError:  # all errors of smtplib are such
        messages.error(
            request,
            f"The invitation of {email.invitation} stands, but the mail server did not take the email. "
            "Send it again from the list below, or ask the operator of this installation about the mail server.",
        )
    else:
        messages.success(request, f"Sent an invitation to {email.invitation}.")


@scope_view(Power.OWNER, with_workspace=True)
@require_POST
def change_role(request: HttpRequest, access: Access, member: int) -> HttpResponse:
    found = _member(access, member)
    form = RoleForm(request.POST, scope=access.scope)
    if not form.is_valid():
        messages.error(request, f"Choose one of the roles for {isolated(found.user)}: nothing was changed.")
        return redirect(access.scope.url("people"))
    role = form.cleaned_data["role"]
    try:
        loss = members.change_role(scope=access.scope, member=found, role=role, by=access.user)
    except StaysError as error:
        messages.error(request, str(error))
    except Membership.DoesNotExist:
        raise Http404 from None
    else:
        messages.success(request, f"{isolated(found.user)} is now {role.label} of {access.scope}.{loss.sentence()}")
    is_self = found.user_id == access.user.pk
    return redirect("home" if is_self and role != Role.OWNER else access.scope.url("people"))


@scope_view(Power.OWNER, with_workspace=True)
def remove(request: HttpRequest, access: Access, member: int) -> HttpResponse:
    found = _member(access, member)
    if request.method == "POST":
        try:
            loss = members.remove_member(scope=access.scope, member=found, by=access.user)
        except StaysError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"Removed {isolated(found.user)} from {access.scope}.{loss.sentence()}")
        return redirect("home" if found.user_id == access.user.pk else access.scope.url("people"))
    return _confirm(request, access, found)


@scope_view(Power.MEMBER, with_workspace=True)
def leave(request: HttpRequest, access: Access) -> HttpResponse:
    """Say what one would lose oneself, and leave the place."""
    found = at_most_one(members.members_of(access.scope).filter(user=access.user))
    if found is None:
        raise Http404  # an owner of the place around this one is no member here: nothing to leave
    if request.method == "POST":
        try:
            loss = members.leave(scope=access.scope, member=found)
        except StaysError as error:
            messages.error(request, str(error))
            return redirect(_back(access))
        messages.success(request, f"You have left {access.scope}.{loss.sentence('you')}")
        return redirect("home")
    return _confirm(request, access, found)


def _confirm(request: HttpRequest, access: Access, member: Membership) -> HttpResponse:
    scope = access.scope
    refusal = members.last_owner_sentence(scope, member.user) if members.sole_owner(scope) == member.pk else ""
    context = {
        "member": member,
        "is_self": member.user_id == access.user.pk,
        "loss": members.loss_of(scope, member.user),
        "remaining": members.outer_ownership(scope, member.user),
        "refusal": home.why_it_stays(scope, member.user) or refusal,
        "cancel_url": _back(access),
    }
    return render(request, "workspaces/person_remove.html", context)


def _back(access: Access) -> str:
    """Where somebody comes from who may not see the tenant's people but may leave it."""
    is_unseen = access.scope.level == "tenant" and not access.can_own
    return access.scope.url("tenant_home" if is_unseen else "people")


def _member(access: Access, pk: int) -> Membership:
    return get_object_or_404(members.members_of(access.scope), pk=pk)


@scope_view(Power.OWNER, with_workspace=True)
@require_POST
def resend_invitation(request: HttpRequest, access: Access, invitation: int) -> HttpResponse:
    """Send an invitation again, with a new link and seven more days."""
    found = _invitation(access, invitation)
    _invite(request, access, found.email, Role(found.role))
    return redirect(access.scope.url("people"))


@scope_view(Power.OWNER, with_workspace=True)
@require_POST
def withdraw_invitation(request: HttpRequest, access: Access, invitation: int) -> HttpResponse:
    found = _invitation(access, invitation)
    invitations.withdraw_invitation(invitation=found, by=access.user, now=timezone.now())
    messages.success(request, f"Withdrew the invitation of {found}. Its link works no more.")
    return redirect(access.scope.url("people"))


@tenant_view(Power.OWNER)
@require_POST
def end_support(request: HttpRequest, access: Access, support_access: int) -> HttpResponse:
    """Send the operator of the installation away."""
    own = SupportAccess.objects.select_related("tenant").filter(tenant=access.scope.tenant)
    found = get_object_or_404(own, pk=support_access)
    workspaces_support_access.end(access=found, by=access.user, now=timezone.now())
    messages.success(request, f"The operator cannot look into {access.scope} any more.")
    return redirect(access.scope.url("people"))


def _invitation(access: Access, pk: int) -> Invitation:
    own = Invitation.objects.open().filter(**access.scope.keys)
    return get_object_or_404(own.select_related("tenant", "organization", "workspace"), pk=pk)
