"""App configuration."""

from importlib import import_module

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Links to AWS organizations."""

    name = "integrations"

    def ready(self) -> None:
        """Register what the audit log reads like and leads to, what goes with an organization, and the tasks."""
        import_module("integrations.audit_sentences")
        import_module("integrations.place_deletion")
        import_module("integrations.tasks")
        models, objects = import_module("integrations.models"), import_module("workspaces.audit.objects")
        active = models.Integration.State.ACTIVE
        objects.register(models.Integration, "integration_detail", "integration", attribute="handle", state=active)
