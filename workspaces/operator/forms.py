"""What the operator may do: to tenants, and to people."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Membership, Plan, Tenant
from workspaces.operator.acts import Act
from workspaces.people import accounts, support_access
from workspaces.places import actions, members
from workspaces.wording.names import isolated


class CreateTenant(Act):
    label = "Create tenant"
    says = "A tenant is one customer, with a first owner, who is created when new and signs in after a password reset."
    handle = Tenant._meta.get_field("handle").formfield()
    name = forms.CharField(max_length=100)
    plan = forms.ChoiceField(choices=Plan, initial=Plan.TEAM)
    owner = forms.EmailField(label="Email address of the first owner")

    def perform(self) -> str:
        values = self.cleaned_data | {"owner": accounts.find_or_create(self.cleaned_data["owner"])}
        tenant = actions.create_tenant(**values, by=self.by)
        return f"Created {tenant}, owned by {values['owner'].email}."


class RenameTenant(Act):
    label = "Rename"
    says = "The handle stands in the addresses of all pages of the tenant."
    prefilled = ("handle", "name")
    handle = Tenant._meta.get_field("handle").formfield()
    name = forms.CharField(max_length=100)

    def clean_handle(self) -> str:
        handle: str = self.cleaned_data["handle"]
        if Tenant.objects.filter(handle=handle).exclude(pk=self.target.pk).exists():
            raise forms.ValidationError(f"{handle} is the handle of another tenant.")
        return handle

    def perform(self) -> str:
        with isolation.as_tenant(self.target.pk):
            actions.change_place(scope=Scope(self.target), **self.cleaned_data, by=self.by)
        return f"Renamed the tenant to {self.target}."


class ChangePlan(Act):
    label = "Change plan"
    says = "What the new plan does not allow is kept and synced, but can only be looked at and deleted."
    prefilled = ("plan",)
    plan = forms.ChoiceField(choices=Plan)

    def perform(self) -> str:
        actions.change_plan(tenant=self.target, plan=Plan(self.cleaned_data["plan"]), by=self.by)
        return f"{self.target} is on the {Plan(self.target.plan).label} plan."


class AddOwner(Act):
    label = "Add owner"
    says = "Somebody new is created, and signs in after a password reset. Owners see this in their audit log."
    email = forms.EmailField(label="Email address")

    def perform(self) -> str:
        person = accounts.find_or_create(self.cleaned_data["email"])
        with isolation.as_tenant(self.target.pk):
            members.make_owner(scope=Scope(self.target), user=person, by=self.by)
        return f"{person.email} is an owner of {self.target}."


class RemoveOwner(Act):
    label = "Remove owner"
    says = "They lose what they are in the tenant and in all places inside it. The last active owner stays."
    owner: "forms.ModelChoiceField[Membership]" = forms.ModelChoiceField(Membership.objects.none())

    def __init__(self, *args: Any, target: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, target=target, **kwargs)
        owner: Any = self.fields["owner"]
        owner.queryset = members.owners_of(Scope(target)).select_related("user").order_by("user__email")
        owner.label_from_instance = lambda member: member.user.email

    def perform(self) -> str:
        member = self.cleaned_data["owner"]
        with isolation.as_tenant(self.target.pk):
            members.remove_member(scope=Scope(self.target), member=member, by=self.by)
        return f"Removed {member.user.email} from {self.target}."


class EnterForSupport(Act):
    label = "Look into for support"
    says = (
        "You see what an owner sees for one hour, and can change nothing. The owners are shown your reason, every page"
        " that you open is in their audit log, and they can end it."
    )
    reason = forms.CharField(max_length=300, min_length=10, help_text="For the owners: a sentence, or a ticket.")

    def perform(self) -> str:
        support_access.begin(tenant=self.target, reason=self.cleaned_data["reason"], by=self.by, now=timezone.now())
        self.leads_to = Scope(self.target).url("tenant_home")
        return f"You have support access to {self.target} for an hour."


class LeaveSupport(Act):
    label = "Leave support access"
    says = "You are a stranger there again."

    @staticmethod
    def fits(target: Any) -> bool:
        return support_access.live_in(target, now=timezone.now()).exists()

    def perform(self) -> str:
        now = timezone.now()
        for access in support_access.live_in(self.target, now=now).filter(operator=self.by):
            support_access.end(access=access, by=self.by, now=now)
        return f"You have no support access to {self.target} any more."


class PersonAct(Act):
    """An act on a person, which makes no sense once their data is erased."""

    @staticmethod
    def fits(target: Any) -> bool:
        return target.erased_at is None


class SetAddress(PersonAct):
    label = "Change email address"
    says = (
        "They sign in with this address only, and have yet to confirm it. Their tokens end. Both addresses get an"
        " email."
    )
    email = forms.EmailField(label="New email address")

    def perform(self) -> str:
        accounts.set_address(person=self.target, email=self.cleaned_data["email"], by=self.by)
        return f"{isolated(self.target)} signs in with {self.target.email} now."


class PlainAct(PersonAct):
    """An act on a person for which nothing has to be entered."""

    does: ClassVar[Callable[..., None]]  # the action
    done: ClassVar[str]  # what is said afterwards, of {person}

    def perform(self) -> str:
        type(self).does(person=self.target, by=self.by)
        return self.done.format(person=isolated(self.target))


class ResetSecondFactor(PlainAct):
    label = "Reset second factor"
    says = (
        "Their password alone opens the account until they turn a second factor on again. Their tokens end. They get"
        " an email."
    )
    does = staticmethod(accounts.reset_second_factor)
    done = "{person} has no second factor any more."


class Deactivate(PlainAct):
    label = "Deactivate"
    says = (
        "They are signed out and cannot sign in, and their tokens end. Their roles stay, for when they are activated"
        " again."
    )
    fits = staticmethod(lambda target: target.is_active)
    does = staticmethod(accounts.deactivate)
    done = "{person} cannot sign in any more."


class Reactivate(PlainAct):
    label = "Activate"
    says = "They can sign in again, with the roles that they have."
    fits = staticmethod(lambda target: not target.is_active and target.erased_at is None)
    does = staticmethod(accounts.reactivate)
    done = "{person} can sign in again."


class MakeOperator(PlainAct):
    label = "Make an operator"
    says = "Operators use these pages: they may do everything here, to every tenant and every person."
    fits = staticmethod(lambda target: target.is_active and not target.is_superuser)
    does = staticmethod(accounts.make_operator)
    done = "{person} is an operator of this installation."


class RemoveOperatorRights(PlainAct):
    label = "Take operator's rights"
    says = "They lose these pages; what they are in tenants stays."
    fits = staticmethod(lambda target: target.is_superuser)
    does = staticmethod(accounts.remove_operator_rights)
    done = "{person} is no operator any more."


class Erase(PersonAct):
    label = "Erase personal data"
    says = (
        "This cannot be undone. They are taken out of all tenants; name, handle, addresses, sessions and second factor"
        " are erased, and audit logs say “a former member” instead. Log files and backups keep what they have."
    )
    email = forms.EmailField(label="Their email address, to be sure")

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if email != self.target.email:
            raise forms.ValidationError("This is not the address of the person whose data you are about to erase.")
        return email

    def perform(self) -> str:
        accounts.erase(person=self.target, by=self.by, now=timezone.now())
        return "Erased the person's data."
