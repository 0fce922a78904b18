"""``manage.py reencrypt_secrets``: the step between putting a new key first and dropping the old one."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from workspaces import isolation
from workspaces.encryption import SecretUnreadableError
from workspaces.models import Tenant, sealed_text
from workspaces.models.sealed_text import SealedTextField
from workspaces.sign_in import second_factors


class Command(BaseCommand):
    help = "Encrypt every stored secret with the first key of PIPES_ENCRYPTION_KEYS, so that the others can be dropped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through the tenants, each in a transaction of its own; what cannot be read stays as it is."""
        with isolation.as_operator():
            tenants = list(Tenant.objects.order_by("handle"))
        renewed, unreadable = 0, list[str]()
        for tenant in tenants:
            with isolation.as_tenant(tenant.pk):
                for row, field in _secrets():
                    try:
                        if field.renew(row):
                            row.save(update_fields=[field.name])
                            renewed += 1
                    except SecretUnreadableError:
                        unreadable.append(f"{tenant}/{row}")
        factors_renewed, factors_unreadable = second_factors.change_all(second_factors.renew)
        self.stdout.write(f"Encrypted {renewed + factors_renewed} secrets again.")
        if unreadable or factors_unreadable:
            raise CommandError(
                f"These secrets could not be read and stay as they were: {', '.join(unreadable + factors_unreadable)}."
                " Keep their keys, or have their owners enter them again, and reset second factors."
            )


def _secrets() -> Iterator[tuple[models.Model, SealedTextField]]:
    for model in apps.get_models():
        if fields := sealed_text.fields_of(model):
            for row in model._default_manager.select_for_update():
                yield from ((row, field) for field in fields)
