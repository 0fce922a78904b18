"""What a tenant without a face of its own cannot be made to show by its address."""

import pytest
from django.test import Client

from tests.conftest import Cast


@pytest.mark.parametrize(
    "page",
    [
        "settings/",
        "activity/processes/",
        "advanced/",
        "connections/",
        "connections/folders/new/",
        "connections/new/",
    ],
)
def test_the_owner_of_a_team_tenant_has_no_tenant_settings(cast: Cast, client: Client, page: str) -> None:
    client.force_login(cast.stranger)  # who owns globex, on Team
    response = client.get(f"/tenants/globex/{page}")
    assert response.status_code == 403
    assert "need the Enterprise plan" in response.content.decode()
