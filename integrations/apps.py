"""App configuration."""

from importlib import import_module

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Links to AWS organizations."""

    name = "integrations"

    def ready(self) -> None:
        """Register what the audit log is to read like, what goes with an organization, and the tasks sent by name."""
        import_module("integrations.audit_sentences")
        import_module("integrations.place_deletion")
        import_module("integrations.tasks")
