"""Who sees what, by django-guardian: equal grants, its list functions, and a walk down the tree, unknown to it.

A principal is a group: one for the tenant, one for each organization, one for each workspace. So a workspace is three.
"""

from collections.abc import Sequence

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet
from guardian.shortcuts import get_objects_for_group

from bench.guarded.models import ConnectionGrant, FolderGrant
from connections.models import Connection, Folder, Grant
from workspaces.models import Workspace


def copy_grants() -> None:
    """Make of each grant of the bound tenant an object permission of its audience's group."""
    grants = list(Grant.objects.all())
    names = {_name(grant.tenant_id, grant.organization_id, grant.workspace_id) for grant in grants}
    Group.objects.bulk_create((Group(name=name) for name in names), ignore_conflicts=True)
    groups = dict(Group.objects.filter(name__in=names).values_list("name", "id"))
    for model, kind in ((FolderGrant, "folder"), (ConnectionGrant, "connection")):
        permission = Permission.objects.get(codename=f"view_{kind}", content_type__app_label="connections")
        model.objects.bulk_create(
            model(
                group_id=groups[_name(grant.tenant_id, grant.organization_id, grant.workspace_id)],
                permission=permission,
                content_object_id=getattr(grant, f"{kind}_id"),
            )
            for grant in grants
            if getattr(grant, f"{kind}_id")
        )


def visible_to(workspace: Workspace) -> QuerySet[Connection]:
    """Ask for the folders and connections of the workspace's groups, and for what is below these folders."""
    folder_ids: set[int] = set()
    connection_ids: set[int] = set()
    for group in principals(workspace):
        folder_ids |= set(_granted(group, Folder, "view_folder"))
        connection_ids |= set(_granted(group, Connection, "view_connection"))
    below = folder_ids
    while below:
        found = Folder.objects.filter(parent_id__in=below, removed_at=None)
        below = set(found.values_list("id", flat=True)) - folder_ids
        folder_ids |= below
    covered = Q(folder_id__in=folder_ids) | Q(id__in=connection_ids)
    return Connection.objects.filter(covered, removed_at=None)


def principals(workspace: Workspace) -> Sequence[Group]:
    """Find the groups that stand for a workspace, its organization and its tenant."""
    tenant, organization = workspace.tenant_id, workspace.organization_id
    names = [_name(tenant, None, None), _name(tenant, organization, None), _name(tenant, organization, workspace.pk)]
    return list(Group.objects.filter(name__in=names))


def _granted(group: Group, model: type[Folder] | type[Connection], permission: str) -> "QuerySet[Folder, int]":
    found = get_objects_for_group(group, f"connections.{permission}", model)
    return found.values_list("id", flat=True)


def _name(tenant_id: int, organization_id: int | None, workspace_id: int | None) -> str:
    return f"{tenant_id}/{organization_id or ''}/{workspace_id or ''}"
