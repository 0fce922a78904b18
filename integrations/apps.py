"""App configuration."""

from importlib import import_module

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Links to AWS organizations."""

    name = "integrations"

    def ready(self) -> None:
        """Say what goes with an organization or a workspace."""
        import_module("integrations.belongings")
