"""App configuration."""

from importlib import import_module

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "workspaces"

    def ready(self) -> None:
        """Listen to what the sign-in library says of accounts, and say what the audit log is to read like."""
        import_module("workspaces.sign_in.account_events")
        import_module("workspaces.audit_sentences")
