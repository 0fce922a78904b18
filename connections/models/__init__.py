"""Folders, connections and grants."""

from connections.models.connection import Connection, ConnectionState
from connections.models.folder import Folder
from connections.models.grant import Grant

__all__ = ["Connection", "ConnectionState", "Folder", "Grant"]
