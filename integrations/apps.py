"""App configuration."""

from importlib import import_module

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Links to AWS organizations."""

    name = "integrations"

    def ready(self) -> None:
        """Say what the audit log is to read like, and what goes with an organization or a workspace."""
        import_module("integrations.audit_sentences")
        import_module("integrations.belongings")
