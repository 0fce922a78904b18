"""One of everything at each level, so that every URL of the project can be opened."""

import re
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from connections import actions as connection_actions
from connections import manual_nodes
from integrations.events import inlets
from integrations.models import Delivery, Draft, EmailNotifications, Event, Integration, SettingsTrial, SyncRun
from integrations.nodes import account_access
from integrations.notifications import recipients
from integrations.wizard import file_links, remains
from tests import factories
from tests.conftest import Cast
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Membership, Role, Token, User
from workspaces.people import invitations, support_access

# Django's admin and the sign-in library decide for themselves; tests/workspaces/test_operator and test_signing_in look.
FOR_PROGRAMS = "^api/"  # it has a table of its own
NOT_OURS = ("operator/", "account/", FOR_PROGRAMS)
LEVELS = {"tenant": "tenant", "organization": "org", "workspace": "workspace"}
# At tenant and org level these are about what was made by hand; all others about what an integration made.
BY_HAND = re.compile("connection_access|access_.*|(folder|connection)_(advanced|delete)")
# What a URL names beside rows: any value that exists will do.
WORDS = {"step": "handle", "file": "discovery.tf", "kind": "discovery"}

Url = tuple[str, str]  # its name and its level: tenant, org or workspace; "-" for what is below no place


def all_urls(resolver: URLResolver | None = None, prefix: str = "") -> dict[Url, list[str]]:
    """Give every URL of the project, with the names of its arguments but those of places."""
    found: dict[Url, list[str]] = {}
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found |= {} if route.startswith(NOT_OURS) else all_urls(entry, route)
        elif isinstance(entry, URLPattern) and not route.startswith(FOR_PROGRAMS):
            arguments = re.findall(r"<\w+:(\w+)>", route)
            level = ([LEVELS[name] for name in arguments if name in LEVELS] or ["-"])[-1]
            found[str(entry.name), level] = [name for name in arguments if name not in LEVELS]
    return found


class Everything:
    """The cast, and in each of its places one of all that a URL can name."""

    def __init__(self, cast: Cast) -> None:
        self.scopes = {"tenant": cast.at_tenant, "org": cast.at_org, "workspace": cast.at_workspace}
        supporter = User.objects.create_superuser(email="support@example.com", handle="support")
        with isolation.as_tenant(cast.acme.pk):
            self._rows = {level: _people(cast, scope) for level, scope in self.scopes.items()}
            for level in ("tenant", "org"):
                self._rows[level] |= _integration(cast, self.scopes[level]) | _program(cast, self.scopes[level])
            self._by_hand = {level: _by_hand(cast, scope) for level, scope in self.scopes.items()}
            self._rows["workspace"] |= self._by_hand["workspace"] | _in_use(cast)
            self._rows["tenant"]["support_access"] = _support(cast, supporter)
            factories.token(cast.tenant_owner, cast.acme)
            token = self._rows["tenant"]["held_token"] = Token.objects.get(user=cast.tenant_owner).pk
            letter = invitations.send_invitation(
                scope=cast.at_org, email="new@example.com", role=Role.MEMBER, by=cast.org_owner, now=timezone.now()
            )
            holder = _typed_address(self._rows["org"]["integration"])
            reference = _setup_file(self._rows["org"]["draft"])
        # What is below no place.
        self._open: dict[str, Any] = {
            "token": letter.token,
            "own_token": token,
            "holder": holder,
            "inlet": UUID(int=0),
            "reference": reference,
            "page_name": "discovery",
            "anchor": "external-id",
        }

    def url(self, name: str, level: str, arguments: list[str], *, below: Scope | None = None) -> str:
        """Give the address of a URL of this level with rows of this level; ``below`` is another place to ask there."""
        if level == "-":
            return reverse(name, kwargs={argument: self._open[argument] for argument in arguments})
        rows = self._rows[level] | WORDS
        if BY_HAND.fullmatch(name):
            rows |= self._by_hand[level]
        return (below or self.scopes[level]).url(name, **{argument: rows[argument] for argument in arguments})


def _support(cast: Cast, operator: User) -> int:
    given = support_access.begin(tenant=cast.acme, reason="Ticket 4711", by=operator, now=timezone.now())
    return int(given.pk)


def _people(cast: Cast, scope: Scope) -> dict[str, Any]:
    role = Role.READER if scope.workspace else Role.MEMBER
    guest = factories.member(scope, factories.user(f"guest-{scope.level}"), role)
    letter = invitations.send_invitation(
        scope=scope, email=f"{scope.level}@example.com", role=role, by=cast.tenant_owner, now=timezone.now()
    )
    assert isinstance(guest, Membership)
    return {"member": guest.pk, "invitation": letter.invitation.pk}


def _program(cast: Cast, scope: Scope) -> dict[str, Any]:
    account = factories.service_account(scope, by=cast.tenant_owner)
    factories.token(account, scope.tenant)
    return {"account": account.pk, "service_token": Token.objects.get(user=account).pk}


def _integration(cast: Cast, scope: Scope) -> dict[str, Any]:
    made = factories.integration(scope, f"of-{scope.level}", by=cast.tenant_owner)
    run = factories.finished_run(made)
    unit = factories.folder(scope, "Unit", parent=made.root_folder)
    account = factories.connection(scope, "Account", folder=unit)
    SettingsTrial.objects.create(
        tenant=scope.tenant, integration=made, base_version=made.version, created_by=cast.tenant_owner
    )
    assert isinstance(run, SyncRun)
    inlets.enable(integration=made, by=cast.tenant_owner, now=timezone.now())
    draft = factories.draft(scope, f"draft-{scope.level}", by=cast.tenant_owner, steps_done=1)
    hook = factories.webhook(made, by=cast.tenant_owner)
    delivery = Delivery.objects.create(tenant=scope.tenant, integration=made, event=Event.TEST, webhook=hook)
    return {
        "integration": made.handle,
        "remains": remains.reference(made),
        "run": run.number,
        "folder": unit.pk,
        "connection": account.pk,
        "draft": draft.uid,
        "webhook": hook.uid,
        "delivery": delivery.pk,
    }


def _typed_address(handle: str) -> str:
    address = "typed@example.com"
    integration = Integration.objects.get(handle=handle)
    EmailNotifications.objects.create(tenant=integration.tenant, integration=integration, addresses=[address])
    return recipients.token_for(integration, address)


def _setup_file(draft: UUID) -> str:
    return file_links.url_of(Draft.objects.get(uid=draft), "discovery.tf").rstrip("/").rpartition("/")[2]


def _by_hand(cast: Cast, scope: Scope) -> dict[str, Any]:
    by = cast.tenant_owner
    folder = manual_nodes.create_folder(scope=scope, parent=None, handle="by_hand", title="By hand", by=by)
    made = account_access.create_connection(scope=scope, folder=folder, handle="by_hand", title="By hand", by=by)
    return {"folder": folder.pk, "connection": made.pk}


def _in_use(cast: Cast) -> dict[str, Any]:
    made = connection_actions.create_aggregator(
        scope=cast.at_workspace, handle="all_by_hand", patterns=["by_*"], by=cast.tenant_owner
    )
    return {"aggregator": made.pk}
