"""The wizard's forms, one for each step."""

from integrations.forms.connection import ConnectionForm
from integrations.forms.discovery import DiscoveryForm
from integrations.forms.handle import HandleForm
from integrations.forms.permissions import PermissionsForm
from integrations.forms.step import StepForm
from integrations.forms.type import TypeForm

__all__ = ["ConnectionForm", "DiscoveryForm", "HandleForm", "PermissionsForm", "StepForm", "TypeForm"]
