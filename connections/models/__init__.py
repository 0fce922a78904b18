"""Folders, connections, grants, schemas and aggregators; how many there are."""

from connections.models.aggregator import Aggregator
from connections.models.connection import Connection, ConnectionState, Health
from connections.models.delegation import ConnectionDelegation, FolderDelegation
from connections.models.folder import Folder
from connections.models.grant import Grant
from connections.models.schema import Schema
from connections.models.tally import Tally

__all__ = [
    "Aggregator",
    "Connection",
    "ConnectionDelegation",
    "ConnectionState",
    "Folder",
    "FolderDelegation",
    "Grant",
    "Health",
    "Schema",
    "Tally",
]
