"""``manage.py create_tenant``: the operator creates a customer."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from workspaces import audit
from workspaces.models import Plan
from workspaces.people import accounts
from workspaces.places import actions


class Command(BaseCommand):
    help = "Create a tenant with its plan and first owner, who is created when new and signs in after a password reset."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("handle")
        parser.add_argument("--name", help="default: the handle")
        parser.add_argument("--plan", choices=Plan.values, default=Plan.TEAM.value)
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument("--owner-handle", help="default: what stands before the @ in the email")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            owner = accounts.find_or_create(options["owner"], handle=options["owner_handle"] or "")
            with audit.as_operator():
                tenant = actions.create_tenant(
                    handle=options["handle"],
                    name=options["name"] or options["handle"],
                    plan=Plan(options["plan"]),
                    owner=owner,
                    by=None,
                )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"Created tenant {tenant} ({Plan(tenant.plan).label}), owned by {owner.email}.")
