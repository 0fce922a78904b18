"""What AWS holds and what a tree shows, in the same words, so that they can be compared whole."""

from integrations.models import Integration
from integrations.planning.snapshot import AccountState
from integrations.sync import mirror
from tests.fakes.aws import AwsOrganization
from tests.integrations.planning.trees import Node, seen
from workspaces import isolation


def in_aws(organization: AwsOrganization) -> dict[str, Node]:
    """What the stand-in holds now, as a tree has to show it: source id → parent, title, state."""
    known = {state.value for state in AccountState}
    with organization.lock:
        nodes: dict[str, Node] = {organization.root_id: (None, "Root", "")}
        nodes |= {unit.id: (unit.parent_id, unit.name, "") for unit in organization.units.values()}
        return nodes | {
            account.id: (
                account.parent_id,
                account.name,
                account.state.lower() if account.state.lower() in known else AccountState.UNKNOWN.value,
            )
            for account in organization.accounts.values()
            if account.state != "CLOSED"
        }


def in_tree(integration: Integration) -> dict[str, Node]:
    """What the tree of an integration shows now."""
    with isolation.as_tenant(integration.tenant_id):
        return dict(seen(mirror.load(integration)))
