"""A tenant's tree that two hundred workspaces share, granted to the tenant, to organizations and to workspaces."""

import random
from collections import Counter
from dataclasses import dataclass

from bench.database import a_scope
from bench.mirrors import a_snapshot, an_integration, sync
from connections.models import Connection, Folder, Grant
from connections.tree import ids_on
from integrations.models import Integration
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Organization, Tenant, Workspace

_TEAMS = 4
_WORKSPACES = 200
_BRANCH = range(4, 8)  # folders in it, its own included


@dataclass(frozen=True, slots=True)
class SharedTree:
    """``many`` is a workspace like all others; ``few`` one of an organization that nothing is granted to."""

    tenant: Tenant
    integration: Integration
    many: Workspace
    few: Workspace


def a_shared_tree(accounts: int) -> SharedTree:
    """Build it: one folder for each twenty connections, one grant for each ten."""
    tenant = a_scope(f"vis-{accounts}").tenant
    with isolation.as_tenant(tenant.pk):
        integration = an_integration(Scope(tenant))
        sync(integration, a_snapshot(accounts))
        teams = [Organization(tenant=tenant, handle=f"team-{n}", name=f"Team {n}") for n in range(_TEAMS + 1)]
        *shared, apart = Organization.objects.bulk_create(teams)
        workspaces = Workspace.objects.bulk_create(
            Workspace(tenant=tenant, organization=shared[n % _TEAMS], handle=f"space-{n}", name=f"Space {n}")
            for n in range(_WORKSPACES)
        )
        few = Workspace.objects.create(tenant=tenant, organization=apart, handle="few", name="Few")
        _share(tenant, integration.root_folder_id, shared, workspaces)
    return SharedTree(tenant, integration, workspaces[0], few)


def leave_two(shared: SharedTree) -> None:
    """Take back what the whole tenant may use but one connection, and grant another to ``few``."""
    of_all = Grant.objects.filter(organization=None)
    kept = of_all.filter(folder=None).order_by("id")[0]
    of_all.exclude(pk=kept.pk).delete()
    other = Connection.objects.filter(root=shared.integration.root_folder_id).exclude(pk=kept.connection_id)
    keys = Scope(shared.tenant, shared.few.organization, shared.few).keys
    Grant.objects.create(**keys, connection=other.order_by("id")[0])


def _share(tenant: Tenant, root_id: int, teams: list[Organization], workspaces: list[Workspace]) -> None:
    """Grant, by a seed, single units, units with units of their own, and single connections."""
    chance = random.Random(root_id)
    sizes = Counter[int]()
    for path in Folder.objects.filter(root=root_id).values_list("path", flat=True):
        sizes.update(ids_on(path))
    leaves = sorted(pk for pk, size in sizes.items() if size == 1)
    branches = sorted(pk for pk, size in sizes.items() if size in _BRANCH)
    connections = list(Connection.objects.filter(root=root_id).order_by("id").values_list("id", flat=True))
    times = len(connections) / 10_000
    of_each: list[tuple[dict[str, object], int, int, int]] = [({}, 20, 0, 20)]
    of_each += [({"organization": team}, 10, 0, 30) for team in teams]
    of_each += [({"organization": one.organization, "workspace": one}, 0, 3, 1) for one in workspaces]

    def some(among: list[int], number: int) -> list[int]:
        return chance.sample(among, min(max(round(number * times), number and 1), len(among)))

    grants = []
    for audience, units, with_units, single in of_each:
        folder_ids = some(leaves, units) + some(branches, with_units)
        grants += [Grant(tenant=tenant, **audience, folder_id=pk) for pk in folder_ids]
        grants += [Grant(tenant=tenant, **audience, connection_id=pk) for pk in some(connections, single)]
    Grant.objects.bulk_create(grants, batch_size=5_000)
