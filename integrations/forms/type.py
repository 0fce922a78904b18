"""Step 1: Choose integration type."""

from typing import Any

from django import forms
from django.db.models import TextChoices

from integrations.forms.step import StepForm
from integrations.models import Draft


class IntegrationType(TextChoices):
    """What can be integrated; a further provider is added here."""

    AWS = "aws", "AWS"

    @property
    def sentence(self) -> str:
        """Say what it does, on its card."""
        return {
            IntegrationType.AWS: "Import the accounts and organizational units of an AWS organization as connections"
            " and folders, and keep them up to date."
        }[self]


class TypeForm(StepForm):
    """There is one type so far, so it is chosen already."""

    type = forms.ChoiceField(
        choices=IntegrationType.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Select an integration to create.",
            "invalid_choice": "There is no such type of integration. Select one of these.",
        },
    )

    def stored(self, draft: Draft) -> dict[str, Any]:
        """Select AWS."""
        return {"type": IntegrationType.AWS}

    def keep(self) -> None:
        """Keep nothing: all drafts are of the one type."""
