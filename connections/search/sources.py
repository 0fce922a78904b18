"""Nodes of mirrors by the provider's ids."""

from collections.abc import Collection, Mapping

from django.db.models import Value

from connections.models import Connection, Folder


def nodes_of(roots: Collection[int], source_ids: Collection[str]) -> Mapping[tuple[int, str], tuple[str, int]]:
    """Find what is there of the mirrors with these top folders, in one statement: (mirror, id) → (kind, key)."""
    if not source_ids:
        return {}
    there = {"root__in": roots, "source_id__in": source_ids, "removed_at": None}
    columns = ("root", "source_id", "node", "pk")
    folders = Folder.objects.filter(**there).annotate(node=Value("folder")).values_list(*columns)
    connections = Connection.objects.filter(**there).annotate(node=Value("connection")).values_list(*columns)
    return {(root, source_id): (kind, pk) for root, source_id, kind, pk in folders.union(connections, all=True)}
