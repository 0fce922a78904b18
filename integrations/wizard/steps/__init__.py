"""The wizard's steps, in their order; each file has all that the wizard knows of one."""

from typing import Final

from integrations.wizard.steps.connection import CONNECTION
from integrations.wizard.steps.discovery import DISCOVERY
from integrations.wizard.steps.handle import HANDLE
from integrations.wizard.steps.permissions import PERMISSIONS
from integrations.wizard.steps.step import Step
from integrations.wizard.steps.type import TYPE

STEPS: Final[tuple[Step, ...]] = (TYPE, HANDLE, DISCOVERY, CONNECTION, PERMISSIONS)

__all__ = ["CONNECTION", "DISCOVERY", "HANDLE", "PERMISSIONS", "STEPS", "TYPE", "Step"]
