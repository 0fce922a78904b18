"""Step 1: Choose integration type."""

from typing import Any

from django import forms
from django.db.models import TextChoices

from integrations.forms.settings import SettingsForm
from integrations.models import Draft
from integrations.wizard.steps.step import Step


class IntegrationType(TextChoices):
    """What can be integrated; a further provider is added here."""

    AWS = "aws", "AWS"

    @property
    def sentence(self) -> str:
        return {
            IntegrationType.AWS: "Import the accounts and organizational units of an AWS organization as connections"
            " and folders, and keep them up to date."
        }[self]


class TypeForm(SettingsForm):
    """There is one type so far, so it is chosen already, and nothing of it is kept."""

    types = IntegrationType
    type = forms.ChoiceField(
        choices=IntegrationType.choices,
        initial=IntegrationType.AWS,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Select an integration to create.",
            "invalid_choice": "There is no such type of integration. Select one of these.",
        },
    )


class TypeStep(Step):
    """What is to be integrated; it comes before there is a draft."""

    slug = "type"
    title = heading = "Choose integration type"

    def form(self, draft: Draft, data: Any = None) -> TypeForm:
        return TypeForm(data, label_suffix="")


TYPE = TypeStep()
