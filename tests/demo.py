"""The demo's tenants and people: ``python -m tests.demo seed`` makes what is missing and prints the sign-ins.

They are made by the product's own actions; what a person would click (integrations) is left to the person.
"""

import json
import os
import sys
import urllib.request

import django

PASSWORD = "pipes-demo-2026"

# (email, who it is in the demo)
PEOPLE = (
    ("olivia@acme.example", "owner of the tenant acme (Enterprise)"),
    ("oscar@acme.example", "owner of its organization tnt"),
    ("mia@acme.example", "member of tnt, reader of the workspace fireworks"),
    ("tess@initech.example", "owner of the tenant initech (Team): a stranger to acme"),
    ("dev@hooli.example", "owner of the tenant hooli (Developer: no integrations)"),
    ("operator@pipes.example", "operator of this installation: /operator/ asks for an authenticator app first"),
)


def seed() -> None:
    """Create tenants, organizations, workspaces and people, all or none, unless they exist."""
    from django.db import transaction

    with transaction.atomic():
        _seed()


def _seed() -> None:
    from workspaces import isolation
    from workspaces.access import Scope
    from workspaces.models import Plan, Role, Tenant, User
    from workspaces.places import actions
    from workspaces.places.members import add_member

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
                if handle == "fireworks":
                    add_member(scope=inner, user=people["mia"], role=Role.MEMBER, by=people[owner])
                    here = Scope(scope.tenant, made, place)
                    add_member(scope=here, user=people["mia"], role=Role.READER, by=people[owner])


def sign_ins() -> str:
    """Say who can sign in, and what to do in the stand-in for AWS."""
    width = max(len(email) for email, _ in PEOPLE)
    lines = ["", f"Sign in with the password {PASSWORD} as", ""]
    lines += [f"  {email:<{width}}  {what}" for email, what in PEOPLE]
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if endpoint.startswith("http://127.0.0.1:"):
        with urllib.request.urlopen(f"{endpoint}/_stand-in/show", timeout=5) as answer:
            shown = json.load(answer)
        key = shown["keys"][0]
        lines += [
            "",
            "The stand-in for AWS has two sample AWS organizations:",
            "",
            "  acme  by cross-account role: download the templates in the wizard, then ./console aws deploy FILE",
            f"  labs  by access key: Access Key {key['access_key']}, Secret Key {key['secret_key']}",
            "",
            "  ./console aws tree shows them; ./console aws move, rename, create, suspend, close … change them.",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] != ["seed"]:
        sys.exit("usage: python -m tests.demo seed")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipes.settings")
    django.setup()
    seed()
    sys.stdout.write(sign_ins() + "\n")
