"""``manage.py reencrypt_secrets``: the step between putting a new key first and dropping the old one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.models import Draft, Integration
from integrations.secrets import SecretUnreadableError, is_current
from workspaces import isolation
from workspaces.models import Tenant


class Command(BaseCommand):
    """Encrypt every stored secret with the first key of PIPES_ENCRYPTION_KEYS."""

    help = "Encrypt every stored secret with the first key of PIPES_ENCRYPTION_KEYS, so that the others can be dropped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through the tenants, each in a transaction of its own; what cannot be read stays as it is."""
        with isolation.as_operator():
            tenants = list(Tenant.objects.order_by("handle"))
        renewed, unreadable = 0, list[str]()
        for tenant in tenants:
            with isolation.as_tenant(tenant.pk):
                for row in (*Integration.objects.select_for_update(), *Draft.objects.select_for_update()):
                    if is_current(row.sealed_secret_key):
                        continue
                    try:
                        row.secret_key = row.secret_key
                    except SecretUnreadableError:
                        unreadable.append(f"{tenant}/{row}")
                        continue
                    row.save(update_fields=["sealed_secret_key"])
                    renewed += 1
        self.stdout.write(f"Encrypted {renewed} secrets again.")
        if unreadable:
            raise CommandError(
                f"{len(unreadable)} secrets could not be read and stay as they were: {', '.join(unreadable)}."
                " Keep their keys, or have their owners enter them again."
            )
