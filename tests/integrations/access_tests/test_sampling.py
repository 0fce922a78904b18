"""Which accounts Test Connection tries."""

from datetime import UTC, datetime

from integrations.access_tests.sampling import sample
from integrations.planning.snapshot import AccountState, Snapshot, SnapshotAccount, SnapshotFolder

JOINED = datetime(2026, 1, 1, tzinfo=UTC)


def account(number: int, parent: str, state: AccountState = AccountState.ACTIVE) -> SnapshotAccount:
    return SnapshotAccount(f"{number:012}", parent, f"account {number}", state, JOINED)


def large(folders: int, accounts: int) -> Snapshot:
    ids = ["r-root", *(f"ou-root-{number:08}" for number in range(folders))]
    parents = [None, *(ids[(number - 1) // 3] for number in range(1, folders + 1))]
    return Snapshot(
        "o-aaaaaaaaaa",
        f"{0:012}",
        tuple(SnapshotFolder(id_, parent, f"unit {id_}") for id_, parent in zip(ids, parents, strict=True)),
        tuple(account(number, ids[number % len(ids)]) for number in range(accounts)),
    )


def test_the_sample_is_the_management_account_and_four_active_others() -> None:
    snapshot = large(1, 12)
    chosen = sample(snapshot)
    assert chosen[0].id == snapshot.management_account_id
    assert len({found.id for found in chosen}) == 5


def test_a_sample_of_a_small_organization_is_all_of_it() -> None:
    accounts = (account(0, "r"), account(1, "r", AccountState.SUSPENDED), account(2, "r"))
    snapshot = Snapshot("o", f"{0:012}", (SnapshotFolder("r", None, "Root"),), accounts)
    assert [found.id for found in sample(snapshot)] == [f"{0:012}", f"{2:012}"]
