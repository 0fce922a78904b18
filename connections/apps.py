"""App configuration."""

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    """Folders, connections and who may use them."""

    name = "connections"
