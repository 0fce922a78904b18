"""What the customers of the drill have, made by the earlier version's own code (so nothing newer is used here)."""

import json
import sys
from importlib import import_module
from importlib.util import find_spec

import django

ORGANIZATION = "/tenants/acme/orgs/tnt/"


def build(count: int, access_key: str, secret_key: str) -> None:
    """Make integrations that sync every few seconds, each with an inlet for events; print where those are."""
    from django.utils import timezone

    from integrations.models import SyncSchedule
    from tests import demo, factories
    from workspaces import isolation
    from workspaces.access import Scope
    from workspaces.models import Organization, Tenant, User

    # Versions before this one had the modules of integrations side by side.
    inlets = import_module("integrations.events.inlets" if find_spec("integrations.events") else "integrations.inlets")
    demo.seed()
    by = User.objects.get(handle="oscar")
    with isolation.as_operator():
        tenant = Tenant.objects.get(handle="acme")
    with isolation.as_tenant(tenant.pk):
        scope = Scope(tenant, Organization.objects.get(handle="tnt"))
        found = []
        for number in range(count):
            made = factories.integration(
                scope,
                f"drill-{number}",
                by=by,
                access_mode="key",
                access_key_id=access_key,
                secret_key=secret_key,
                handle_prefix=f"d{number}_",
                connection_role_name="pipes-connection",
            )
            issued = inlets.enable(integration=made, by=by, now=timezone.now())
            assert issued is not None
            found.append({"path": f"/events/{issued.inlet.uid}/", "key": issued.key})
        SyncSchedule.objects.update(interval_seconds=5)
    sys.stdout.write(json.dumps({"inlets": found, "header": inlets.KEY_HEADER, "password": demo.PASSWORD}) + "\n")


if __name__ == "__main__":
    django.setup()
    build(int(sys.argv[1]), sys.argv[2], sys.argv[3])
