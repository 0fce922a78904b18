"""The wizard's forms, one for each step."""

from integrations.wizard.steps.connection import ConnectionForm
from integrations.wizard.steps.discovery import DiscoveryForm
from integrations.wizard.steps.handle import HandleForm
from integrations.wizard.steps.permissions import PermissionsForm
from integrations.wizard.steps.step import StepForm
from integrations.wizard.steps.type import TypeForm

__all__ = ["ConnectionForm", "DiscoveryForm", "HandleForm", "PermissionsForm", "StepForm", "TypeForm"]
