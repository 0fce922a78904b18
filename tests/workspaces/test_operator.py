"""The operator's admin: for superusers, tenants and people only."""

from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from workspaces import isolation
from workspaces.models import Membership, Plan, Role, Tenant


def test_the_operator_sees_all_tenants(as_operator: Client) -> None:
    page = as_operator.get("/operator/workspaces/tenant/").content.decode()
    assert "acme" in page
    assert "globex" in page


def test_the_operator_sets_the_plan_and_an_owner(cast: Cast, as_operator: Client) -> None:
    form = {
        "handle": "globex", "name": "Globex", "plan": Plan.ENTERPRISE,
        "-1-TOTAL_FORMS": "2", "-1-INITIAL_FORMS": "1", "-1-MIN_NUM_FORMS": "0", "-1-MAX_NUM_FORMS": "1000",
    }  # fmt: skip
    with isolation.as_operator():
        mine = Membership.objects.get(tenant=cast.globex, user=cast.stranger, organization=None)
    rows = [(str(mine.pk), cast.stranger, Role.OWNER), ("", cast.tenant_owner, Role.OWNER)]
    for number, (pk, user, role) in enumerate(rows):
        values = {"id": pk, "tenant": cast.globex.pk, "user": user.pk, "role": role}
        form |= {f"-1-{number}-{name}": str(value) for name, value in values.items()}
    response = as_operator.post(f"/operator/workspaces/tenant/{cast.globex.pk}/change/", form)
    assert response.status_code == 302, response.content.decode()
    with isolation.as_operator():
        assert Tenant.objects.get(handle="globex").plan == Plan.ENTERPRISE
        owners = Membership.objects.filter(tenant=cast.globex, organization=None, role=Role.OWNER)
        assert set(owners.values_list("user_id", flat=True)) == {cast.stranger.pk, cast.tenant_owner.pk}


def test_a_tenant_cannot_be_deleted_by_a_click(cast: Cast, as_operator: Client) -> None:
    assert as_operator.post(f"/operator/workspaces/tenant/{cast.acme.pk}/delete/").status_code == 403


def test_a_superuser_is_a_stranger_in_the_console(as_operator: Client) -> None:
    assert as_operator.get(reverse("tenant_home", kwargs={"tenant": "acme"})).status_code == 404
