"""App configuration."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Links to AWS organizations."""

    name = "integrations"
