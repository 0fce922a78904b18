"""Grants as django-guardian's object permissions, by direct foreign keys, which are its faster way."""

from django.db import models
from guardian.models import GroupObjectPermissionBase

from connections.models import Connection, Folder

# What deletes nodes neither looks here nor waits for it: the other sections measure that.
_LOOSE = {"on_delete": models.DO_NOTHING, "db_constraint": False}


class FolderGrant(GroupObjectPermissionBase):
    """A group may use a folder."""

    content_object = models.ForeignKey(Folder, **_LOOSE)

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False


class ConnectionGrant(GroupObjectPermissionBase):
    """A group may use a connection."""

    content_object = models.ForeignKey(Connection, **_LOOSE)

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False
