"""App configuration."""

from importlib import import_module

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "connections"

    def ready(self) -> None:
        """Say what the audit log reads like and leads to, and what goes with an organization or a workspace."""
        import_module("connections.audit_sentences")
        import_module("connections.deletion")
        models, objects = import_module("connections.models"), import_module("workspaces.audit.objects")
        for model in (models.Folder, models.Connection):
            objects.register(model, f"{model.kind}_detail", model.kind, removed_at=None)
        objects.register(models.Aggregator, "aggregator_detail", "aggregator")
