"""What is delegated of single folders, with all below them, and of single connections."""

from django.db import models

from connections.models.connection import Connection
from connections.models.folder import Folder
from workspaces.delegation.rows import GOES_WITH, Delegation

_THERE: dict[str, object] = {"content_object__removed_at": None}
_WORKSPACE, _TITLE = "content_object__workspace_id", "content_object__title"


class FolderDelegation(Delegation):
    """A verb on a folder and on all below it."""

    content_object = models.ForeignKey(Folder, **GOES_WITH)
    WORKSPACE, PATH, THERE = _WORKSPACE, "content_object__path", _THERE
    TITLE, PAGE = _TITLE, ("folder_delegates", "folder", "key")


class ConnectionDelegation(Delegation):
    """A verb on a connection."""

    content_object = models.ForeignKey(Connection, **GOES_WITH)
    WORKSPACE, THERE = _WORKSPACE, _THERE
    TITLE, PAGE = _TITLE, ("connection_delegates", "connection", "key")
