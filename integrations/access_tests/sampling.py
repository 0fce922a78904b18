"""Which accounts Test Connection tries: the management account, and a few others."""

from typing import Final

from integrations.planning.snapshot import AccountState, Snapshot

OTHERS: Final = 4


def sample(snapshot: Snapshot) -> list[dict[str, str]]:
    """Pick the management account, and as many active ones as there are to be, spread out."""
    active = [account for account in snapshot.accounts if account.state == AccountState.ACTIVE]
    others = [account for account in active if account.source_id != snapshot.management_account_id]
    step = max(1, len(others) // OTHERS)
    management = [account for account in snapshot.accounts if account.source_id == snapshot.management_account_id]
    return [{"id": account.source_id, "name": account.name} for account in management + others[::step][:OTHERS]]
