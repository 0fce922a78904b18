"""What a read must prove before the tree follows it: that it is of the same AWS organization, and that what is missing
is gone.
"""

from collections.abc import Callable
from dataclasses import replace

from integrations.aws.discovery.read import check_out_of_sight, confirm_gone
from integrations.aws.errors import IncompleteAnswer
from integrations.aws.session import AwsSession
from integrations.models import Integration
from integrations.planning.snapshot import Snapshot


class AnotherOrganizationError(Exception):
    """The credentials lead elsewhere: what AWS answers is whole, but is not what this integration mirrors."""


def check_same_organization(integration: Integration, organization_id: str) -> None:
    """Refuse another AWS organization than the one that was mirrored before: a role can be re-pointed by mistake.

    ``read_snapshot`` holds the rest of the read to the AWS organization of the identity.
    """
    expected = integration.source_organization_id
    if expected and organization_id != expected:
        raise AnotherOrganizationError(
            f"The credentials now lead to the AWS organization {organization_id}, but this integration mirrors"
            f" {expected} (DescribeOrganization: AnotherOrganization). Nothing was changed. Point them back, or change"
            " the credentials in the integration's Config."
        )


def check_gone(
    session: AwsSession,
    snapshot: Snapshot,
    absent: frozenset[str],
    *,
    on_progress: Callable[[], None] = lambda: None,
) -> Snapshot:
    """Have AWS say of each id that it is gone or, of those that nobody could place, that it is out of sight.

    Gives the snapshot with what else AWS said of them. AWS is asked about each, a few in a second; ``on_progress`` is
    called as it answers.

    Raises IncompleteAnswer or ChangedWhileReading when it is not.
    """
    unplaced = absent & snapshot.unplaced_accounts
    check_out_of_sight(session, snapshot, unplaced)
    vanished = absent - unplaced
    accounts = {source_id for source_id in vanished if source_id.isdecimal()}
    said = confirm_gone(session, accounts=accounts, folders=vanished - accounts, on_progress=on_progress)
    still_there = sorted(one.source_id for one in said if not one.is_gone)
    if still_there:
        operation = "ListAccounts" if still_there[0] in accounts else "ListOrganizationalUnitsForParent"
        raise IncompleteAnswer(
            f"AWS left {', '.join(still_there[:5])} out of its lists but still knows "
            f"{'it' if len(still_there) == 1 else 'them'} ({operation}: IncompleteAnswer). Nothing was changed;"
            " the next sync looks again.",
            operation=operation,
            code="IncompleteAnswer",
        )
    closed = {one.source_id for one in said if one.is_closed}
    return replace(snapshot, unlisted_closed=snapshot.unlisted_closed | closed)
