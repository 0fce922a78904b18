"""Which accounts Test Connection tries: the management account, and a few others."""

from typing import Final

from integrations.access import findings
from integrations.models.access_test_values import Account
from integrations.models.settings import IntegrationSettings
from integrations.planning.selection import select
from integrations.planning.snapshot import AccountState, Snapshot
from workspaces import isolation

OTHERS: Final = 4


def sample(snapshot: Snapshot) -> tuple[Account, ...]:
    """Pick the management account, and as many active ones as there are to be, spread out."""
    active = [account for account in snapshot.accounts if account.state == AccountState.ACTIVE]
    others = [account for account in active if account.source_id != snapshot.management_account_id]
    step = max(1, len(others) // OTHERS)
    management = [account for account in snapshot.accounts if account.source_id == snapshot.management_account_id]
    return tuple(Account(account.source_id, account.name) for account in management + others[::step][:OTHERS])


def chosen_sample(settings: IntegrationSettings) -> tuple[Account, ...]:
    """Pick from what is chosen to be mirrored, if that is not everything: only there the StackSet makes roles."""
    selection = settings.chosen
    if selection.is_everything:
        return ()
    with isolation.as_tenant(settings.tenant_id):
        snapshot = findings.newest_snapshot(settings)
    return sample(select(snapshot, selection)) if snapshot else ()
