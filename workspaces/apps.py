"""App configuration."""

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    """People and places."""

    name = "workspaces"
