"""The form of delegates; it validates, actions write."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.text import capfirst

from workspaces.access import Scope
from workspaces.delegation.verbs import WORDS, Verb
from workspaces.models import User
from workspaces.places import members
from workspaces.places.candidates import candidates, owns
from workspaces.web.inputs import AS_TYPED
from workspaces.wording.names import isolated


class DelegateForm(forms.Form):
    """A member of the scope, by handle or email (then ``user`` is set), and what they are to be allowed."""

    who = forms.CharField(
        max_length=254,
        label="Handle or email",
        widget=forms.TextInput(attrs=AS_TYPED),
        error_messages={"required": "Enter the handle or email of a member."},
    )
    verbs = forms.MultipleChoiceField(
        label="May",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what they may do.", "invalid_choice": "Choose from this list."},
    )
    user: User | None = None

    def __init__(self, data: Mapping[str, Any] | None = None, *, scope: Scope, verbs: Sequence[Verb]) -> None:
        super().__init__(data)
        self.scope = scope
        self.fields["verbs"].choices = [(verb.value, capfirst(WORDS[verb])) for verb in verbs]  # type: ignore[attr-defined]

    def clean_who(self) -> str:
        who: str = self.cleaned_data["who"].lower()
        found = candidates(self.scope).filter(Q(user__handle=who) | Q(user__email=who)).first()
        if found is None:
            raise ValidationError(self._why_not(who))
        self.user = found.user
        return who

    def clean_verbs(self) -> list[Verb]:
        return [Verb(verb) for verb in self.cleaned_data["verbs"]]

    def _why_not(self, who: str) -> str:
        person = members.find_in_tenant(self.scope.tenant, who)
        if person is None:
            return f"Nobody in {self.scope.tenant} has the handle or email “{who}”. Add them at People first."
        if not person.is_active:
            return f"The account of {isolated(person)} is deactivated."
        if owns(person, self.scope):
            return f"{isolated(person)} owns {self.scope} and may do everything there already."
        return f"{isolated(person)} is no member of {self.scope}. Add them at its People first."
