"""App configuration."""

from importlib import import_module

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    """People and places."""

    name = "workspaces"

    def ready(self) -> None:
        """Listen to what the sign-in library says of accounts."""
        import_module("workspaces.sign_in.account_events")
