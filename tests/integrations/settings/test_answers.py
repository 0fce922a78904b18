"""An answer of Test Connection stands only beside the settings that it is about, or says that it is not about these."""

import re

from django.test import Client

from connections.models import Connection
from integrations.models import AccessTest, Integration
from tests.conftest import Cast
from tests.integrations.conftest import Synced
from tests.integrations.in_use import MAIN, text_of
from tests.integrations.nodes.test_managed import BASE, OPTIONS, connection, send
from tests.integrations.settings.test_config import CONNECTION, form
from workspaces import isolation

OF_OTHERS = "The settings have changed since this test. Test again."


def report(html: str) -> str:
    return text_of(html[html.index('id="report"') :])


def follow(client: Client, html: str) -> str:
    """Ask for news as the page does, now that the test has passed."""
    asks = re.search(r'id="report" hx-get="([^"]*)"', html)
    assert asks
    AccessTest.objects.update(state="passed")
    return client.get(asks[1], headers={"HX-Request": "true", "HX-Target": "report"}).content.decode()


def test_of_an_integration_an_answer_is_about_what_was_typed(in_use: Synced, cast: Cast, as_org_owner: Client) -> None:
    typed = form(as_org_owner, role_name="another", do="test")
    html = as_org_owner.post(CONNECTION, typed).content.decode()
    assert OF_OTHERS not in report(html)
    with isolation.as_tenant(cast.acme.pk):
        assert OF_OTHERS not in report(follow(as_org_owner, html))
    assert OF_OTHERS in report(as_org_owner.get(MAIN + "config/").content.decode()), "the stored role is another"
    wrong = as_org_owner.post(CONNECTION, typed | {"role_name": "no role"}).content.decode()
    assert OF_OTHERS in report(wrong)
    as_org_owner.post(CONNECTION, {name: value for name, value in typed.items() if name != "do"})
    assert OF_OTHERS not in report(as_org_owner.get(MAIN + "config/").content.decode())


def test_of_a_connection_an_answer_is_about_its_role_and_its_options(
    in_use: Synced, cast: Cast, as_org_owner: Client
) -> None:
    page = f"{BASE}{connection(cast, 'Prod').pk}/config/"
    as_org_owner.post(page.replace("config", "test"))
    assert OF_OTHERS not in report(as_org_owner.get(page).content.decode())
    send(as_org_owner, page, **OPTIONS | {"max_error_retry_attempts": "3"})
    assert OF_OTHERS in report(as_org_owner.get(page).content.decode())
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(title="Prod").update(options={})
    assert OF_OTHERS not in report(as_org_owner.get(page).content.decode())
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(role_name="another")
    assert OF_OTHERS in report(as_org_owner.get(page).content.decode())
