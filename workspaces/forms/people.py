"""Forms of members and invitations; they validate, actions write."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from workspaces.access import Scope
from workspaces.database import at_most_one
from workspaces.forms.places import ProfileForm
from workspaces.models import Membership, Role, Tenant, User
from workspaces.places import home, members
from workspaces.web.inputs import AS_TYPED
from workspaces.wording.names import isolated

# What a role may do, by level; from the table "Who may do what".
ROLE_HELP = {
    ("tenant", Role.OWNER): "everything in the tenant and in all its organizations",
    ("tenant", Role.MEMBER): "enters the tenant; organizations and workspaces only where added",
    ("org", Role.OWNER): "everything in the organization and all its workspaces",
    ("org", Role.MEMBER): "sees the organization and its people; workspaces only where added",
    ("workspace", Role.OWNER): "administers the workspace",
    ("workspace", Role.OPERATOR): "uses the workspace",
    ("workspace", Role.READER): "reads the workspace",
}


class RoleForm(forms.Form):
    def __init__(self, data: Mapping[str, Any] | None = None, *, scope: Scope) -> None:
        roles = members.roles_in(scope)
        super().__init__(data)
        self.scope = scope
        self.fields["role"] = forms.ChoiceField(
            label="Role",
            choices=[(role.value, f"{role.label}: {ROLE_HELP[scope.level, role]}") for role in roles],
            initial=roles[-1].value,
            widget=forms.RadioSelect,
            error_messages={"required": "Choose a role.", "invalid_choice": "Choose one of the roles."},
        )

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class AddPersonForm(RoleForm):
    """Somebody to add: of the tenant by handle or email (then ``user`` is set), or anybody by email."""

    who = forms.CharField(
        max_length=254,
        label="Handle or email",
        widget=forms.TextInput(attrs=AS_TYPED),
        error_messages={"required": "Enter a handle or an email."},
    )
    user: User | None = None

    def clean_who(self) -> str:
        who: str = self.cleaned_data["who"].lower()
        self.user = members.find_in_tenant(self.scope.tenant, who)
        if self.user is None:
            check_is_email(who, self.scope.tenant)
        elif member := at_most_one(Membership.objects.filter(user=self.user, **self.scope.keys)):
            raise ValidationError(
                f"{isolated(self.user)} is already in {self.scope} as {Role(member.role).label}. Change the role"
                " in the list."
            )
        else:
            try:
                home.check_role(self.scope, self.user, Role.MEMBER)
            except home.HomeError as error:
                raise ValidationError(str(error)) from None
        return who


def check_is_email(text: str, tenant: Tenant) -> None:
    """Raise ValidationError with the next step when this is no email."""
    try:
        validate_email(text)
    except ValidationError:
        if "@" in text:
            raise ValidationError(f"“{text}” is not a complete email address.") from None
        raise ValidationError(
            f"Nobody in {tenant} has the handle “{text}”. Enter an email to invite somebody new."
        ) from None


class AccountForm(ProfileForm):
    """The account of somebody who was invited; the email is the invitation's."""

    email = forms.EmailField(disabled=True, label="Email", widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label="Password",
        strip=False,
        help_text=f"At least {settings.PIPES_PASSWORD_LENGTH} characters.",
        error_messages={"required": "Enter a password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, email: str, handle: str, is_taken: Callable[[str], bool]
    ) -> None:
        super().__init__(data, is_taken=is_taken, taken="somebody else", initial={"email": email, "handle": handle})

    field_order = ("email", "handle", "name", "password")

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        known = {name: self.cleaned_data.get(name, "") for name in ("email", "handle", "name")}
        validate_password(password, user=User(**known))
        return password
