"""What somebody has made before a walk begins: wizards that stand at some step, and a workspace in use."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone

from connections import actions, sharing
from integrations.events import inlets
from integrations.models import Draft, Integration
from integrations.nodes.account_access import create_connection
from integrations.notifications import webhooks as notification_actions
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Role
from workspaces.people.invitations import send_invitation

STEPS = ("type", "handle", "discovery", "connection", "permissions")
ROLE_ARN = "arn:aws:iam::123456789012:role/pipes-discovery"


def draft_at(step: str, people: Cast, *, scope: Scope | None = None, **fields: Any) -> Draft:
    """Make a draft of acme/tnt, or of another place, whose steps before this one are done."""
    done = {"handle": "awsi", "role_arn": ROLE_ARN, "role_name": "pipes-connection"}
    with isolation.as_tenant(people.acme.pk):
        return factories.draft(
            scope or people.at_org, by=people.org_owner, **(done | {"steps_done": STEPS.index(step)} | fields)
        )


def url_of(draft: Draft, step: str) -> str:
    """Give the path of one of its steps."""
    return draft.scope.url("integration_draft", draft=draft.uid, step=step)


def draft_before(step: str, people: Cast, **fields: Any) -> str:
    """Make a draft and give the path of the step that comes next."""
    return url_of(draft_at(step, people, **fields), step)


def integrations(people: Cast) -> list[str]:
    """The handles of all integrations of acme."""
    with isolation.as_tenant(people.acme.pk):
        return sorted(Integration.objects.values_list("handle", flat=True))


def drafts(people: Cast) -> int:
    """How many drafts acme has."""
    with isolation.as_tenant(people.acme.pk):
        return Draft.objects.count()


@dataclass(frozen=True)
class Filled:
    """What was made, where somebody may look at it; paths, and ids of nodes made by hand."""

    folder_url: str
    invitation_url: str
    folder: int
    connection: int


def fill(people: Cast) -> Filled:
    """Use the synced integration in acme/tnt/fireworks, leave another one half made, and invite somebody.

    A folder and a connection in it are made by hand; the integration has a webhook, for which a test waits, and takes
    events from AWS. The tenant's owner has a token, and so has a service account.
    """
    draft_at("permissions", people, handle="another")
    by = people.tenant_owner
    with isolation.as_tenant(people.acme.pk):
        integration = Integration.objects.select_related("tenant", "organization", "root_folder").get()
        hook = factories.webhook(integration, by=by)
        notification_actions.send_test(integration=integration, webhook=hook, by=by, now=timezone.now())
        inlets.enable(integration=integration, by=by, now=timezone.now())
        root = integration.root_folder
        sharing.set_grants(root, [people.at_org])
        actions.add_schema(scope=people.at_workspace, node=root, by=by)
        actions.create_aggregator(scope=people.at_workspace, handle="all_prod", patterns=["*_prod"], by=by)
        folder = factories.folder(people.at_org, "By hand")
        connection = create_connection(scope=people.at_org, folder=folder, handle="lone", title="Lone", by=by)
        factories.token(by, people.acme)
        factories.token(factories.service_account(people.at_tenant, by=by), people.acme)
        invitation = send_invitation(
            scope=people.at_org, email="new@example.com", role=Role.MEMBER, by=by, now=timezone.now()
        )
    return Filled(
        people.at_org.url("folder_detail", folder=folder.pk),
        reverse("invitation", args=[invitation.token]),
        folder.pk,
        connection.pk,
    )
