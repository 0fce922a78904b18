"""Tests of access are asked for in the wizard."""

from tests.integrations.wizard.conftest import in_org, in_tenant, principal

__all__ = ["in_org", "in_tenant", "principal"]
