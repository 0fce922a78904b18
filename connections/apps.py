"""App configuration."""

from importlib import import_module

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "connections"

    def ready(self) -> None:
        """Say what the audit log is to read like, and what goes with an organization or a workspace."""
        import_module("connections.audit_sentences")
        import_module("connections.deletion")
