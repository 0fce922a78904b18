"""The demo's tenants and people, made by the product's own actions.

What a person would click in the organization tnt (an integration) is left to the person.
"""

from typing import Final

from django.db import transaction
from django.utils import timezone

from tests.demo import PASSWORD, PEOPLE
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Plan, Role, Tenant, User
from workspaces.people import service_accounts, tokens
from workspaces.places import actions
from workspaces.places.members import add_member

_TOKEN: Final = "Demo"


def seed() -> None:
    """Create tenants, organizations, workspaces and people, all or none, unless they exist."""
    with transaction.atomic():
        _seed()


def sample_token() -> str:
    """Make a token of olivia's for programs, in the place of the one before, and give its text."""
    with isolation.as_operator():
        acme, olivia = Tenant.objects.get(handle="acme"), User.objects.get(handle="olivia")
    with isolation.as_tenant(acme.pk):
        tokens.tokens_of(olivia, acme).filter(title=_TOKEN).delete()
        return tokens.make(user=olivia, tenant=acme, title=_TOKEN, expires_at=None, by=olivia, now=timezone.now())


def _seed() -> None:
    if User.objects.filter(email=PEOPLE[0][0]).exists():
        return
    people = {}
    for email, _ in PEOPLE:
        handle = email.partition("@")[0]
        people[handle] = User.objects.create_user(
            email=email,
            handle=handle,
            name=handle.title(),
            password=PASSWORD,
            is_superuser=handle == "operator",
        )
    tenants: dict[str, Tenant] = {}
    for handle, plan, owner in (
        ("acme", Plan.ENTERPRISE, "olivia"),
        ("initech", Plan.TEAM, "tess"),
        ("hooli", Plan.DEVELOPER, "dev"),
    ):
        tenants[handle] = actions.create_tenant(
            handle=handle, name=handle.title(), plan=plan, owner=people[owner], by=None
        )
    for tenant, organization, name, owner, workspaces in (
        ("acme", "tnt", "Trinitrotoluene", "oscar", ("fireworks", "rockets")),
        ("acme", "ops", "Operations", "olivia", ("pager",)),
        ("initech", "tps", "TPS Reports", "tess", ("covers",)),
        ("hooli", "nucleus", "Nucleus", "dev", ("box",)),
    ):
        scope = Scope(tenants[tenant])
        with isolation.as_tenant(scope.tenant.pk):
            made = actions.create_organization(scope=scope, handle=organization, name=name, by=people[owner])
            inner = Scope(scope.tenant, made)
            for handle in workspaces:
                place = actions.create_workspace(scope=inner, handle=handle, name=handle.title(), by=people[owner])
                if handle == "pager":
                    service_accounts.create(
                        scope=inner, title="Nightly deploy", description="Terraform, from CI.", by=people[owner]
                    )
                if handle == "fireworks":
                    add_member(scope=inner, user=people["mia"], role=Role.MEMBER, by=people[owner])
                    here = Scope(scope.tenant, made, place)
                    add_member(scope=here, user=people["mia"], role=Role.READER, by=people[owner])
