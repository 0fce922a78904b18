"""``manage.py create_tenant``."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from workspaces import isolation
from workspaces.models import AuditEvent, Membership, Role, Tenant, User

pytestmark = pytest.mark.django_db


def create(*arguments: str) -> str:
    out = StringIO()
    call_command("create_tenant", *arguments, stdout=out)
    return out.getvalue()


def test_it_creates_the_tenant_and_its_first_owner() -> None:
    said = create("initech", "--plan", "enterprise", "--name", "Initech", "--owner", "Wile.E@Example.com")
    assert said == "Created tenant initech (Enterprise), owned by wile.e@example.com.\n"
    owner = User.objects.get(handle="wile-e")
    assert (owner.email, owner.handle, owner.has_usable_password()) == ("wile.e@example.com", "wile-e", False)
    with isolation.as_operator():
        tenant = Tenant.objects.get(handle="initech")
        assert (tenant.name, tenant.plan, tenant.public_id[:2]) == ("Initech", "enterprise", "t_")
        assert Membership.objects.get(tenant=tenant).role == Role.OWNER
    with isolation.as_tenant(tenant.pk):
        assert AuditEvent.objects.get().action == "tenant.created"


def test_it_takes_a_person_who_is_there_already() -> None:
    create("initech", "--owner", "o@example.com")
    create("hooli", "--owner", "O@example.com")
    assert User.objects.filter(email__iexact="o@example.com").count() == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("Acme!", "--owner", "o@example.com"), "Start with a lower-case letter"),
        (("new", "--owner", "o@example.com"), "“new” is reserved"),
        (("initech", "--owner", "not an address"), "valid email"),
        (("initech", "--owner", "o@example.com", "--owner-handle", "No"), "Start with a lower-case letter"),
    ],
)
def test_it_says_what_is_wrong_and_creates_nothing(arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        create(*arguments)
    assert not User.objects.filter(email__in=["o@example.com", "not an address"]).exists()


def test_a_handle_that_is_taken_is_refused() -> None:
    create("initech", "--owner", "o@example.com")
    with pytest.raises(CommandError, match="already exists"):
        create("initech", "--owner", "p@example.com")
    assert not User.objects.filter(email="p@example.com").exists()
