"""What programs of delegates of one integration are shown of it; test_api_table says which routes open."""

import json
from typing import Any

from django.db import transaction
from django.test import Client
from django.utils import timezone

from integrations.models import Integration
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Access
from workspaces.delegation.verbs import VERBS_OF, Verb
from workspaces.models import Membership, User
from workspaces.people import delegates, tokens


class Program:
    """What somebody's token may call; whatever a request did is undone."""

    def __init__(self, cast: Cast, user: User) -> None:
        with isolation.as_tenant(cast.acme.pk):
            token = tokens.make(user=user, tenant=cast.acme, title="", expires_at=None, by=user, now=timezone.now())
        self._headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, **sent: str) -> tuple[int, dict[str, Any]]:
        body = json.dumps(sent) if method in ("POST", "PATCH") else ""
        with transaction.atomic():
            answer = Client().generic(
                method, f"/api/v0{path}", body, content_type="application/json", headers=self._headers
            )
            transaction.set_rollback(True)
        return answer.status_code, json.loads(answer.content)


def give(cast: Cast, made: Integration, to: User, *verbs: Verb) -> None:
    owner = Access(cast.tenant_owner, made.scope, tuple(Membership.objects.filter(user=cast.tenant_owner)))
    assert delegates.delegate(access=owner, thing=made, user=to, verbs=verbs)


def test_a_program_of_a_delegate_sees_its_integrations_and_no_settings(cast: Cast) -> None:
    me = Program(cast, cast.org_member)
    with isolation.as_tenant(cast.acme.pk):
        main, other = (factories.integration(cast.at_org, name, by=cast.org_owner) for name in ("main", "other"))
        mine, theirs = factories.finished_run(main), factories.finished_run(other)
        give(cast, main, cast.org_member, Verb.VIEW_INTEGRATION)
    _, listed = me.ask("GET", "/org/tnt/integration")
    assert [(one["handle"], "config" in one) for one in listed["items"]] == [("main", False)]
    _, shown = me.ask("GET", "/org/tnt/integration/main")
    assert not {"config", "discovery_external_id", "connection_external_id"} & set(shown)
    assert me.ask("GET", "/org/tnt/integration/other")[0] == 403
    assert me.ask("GET", "/org/tnt/process")[0] == 403
    status, refused = me.ask("POST", "/org/tnt/integration/main/command")
    assert (status, "owner of acme/tnt" in str(refused["detail"])) == (403, True)
    with isolation.as_tenant(cast.acme.pk):
        give(cast, main, cast.org_member, *VERBS_OF["integration"][1:])
    assert "config" in me.ask("GET", "/org/tnt/integration/main")[1]
    _, listed = me.ask("GET", "/org/tnt/process")
    assert [one["id"] for one in listed["items"]] == [mine.public_id]
    assert me.ask("GET", f"/org/tnt/process/{theirs.public_id}")[0] == 403
    assert me.ask("POST", f"/org/tnt/process/{theirs.public_id}/approve")[0] == 403


def test_no_integration_is_called_like_the_id_of_another(cast: Cast) -> None:
    """Else who may rename one would reach the other: programs name an integration by either."""
    with isolation.as_tenant(cast.acme.pk):
        main, other = (factories.integration(cast.at_org, name, by=cast.org_owner) for name in ("main", "other"))
        give(cast, main, cast.org_member, Verb.CONFIGURE_INTEGRATION)
    status, refused = Program(cast, cast.org_member).ask("PATCH", "/org/tnt/integration/main", handle=other.public_id)
    assert (status, "looks like an id" in str(refused)) == (400, True)
