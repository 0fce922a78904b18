"""App configurations: the project's own, for its commands, and the operator's admin."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class PipesConfig(AppConfig):
    """The project: no models, but commands for its operator."""

    name = "pipes"


class OperatorAdminConfig(SimpleAdminConfig):
    """Django's admin under /operator/, for superusers only; it does not look for what libraries would show there."""

    default_site = "workspaces.operator.site.OperatorSite"

    def ready(self) -> None:
        super().ready()
        import_module("workspaces.operator.admin")
