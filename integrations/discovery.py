"""How syncs, tests and trials read an AWS organization: sign in, prove the role, ask who we are, read it all.

What the tree is to follow must be of the same AWS organization as before, and what is missing must be gone.
"""

from collections.abc import Callable
from dataclasses import replace

from integrations.access.credentials import credentials_of
from integrations.aws.discovery.read import Identity, check_out_of_sight, confirm_gone, identify, read_snapshot
from integrations.aws.discovery.tree_reader import MayLeaveOut
from integrations.aws.errors import AnotherOrganization, IncompleteAnswer
from integrations.aws.role_checks import refuse_open_role
from integrations.aws.session import AwsSession, RoleCredentials, open_session
from integrations.jobs.work import Work
from integrations.models import Integration
from integrations.models.settings import AccessSettings
from integrations.planning.snapshot import Snapshot


def sign_in(settings: AccessSettings, work: Work, *, purpose: str, is_proof_due: bool = True) -> AwsSession:
    """Sign in as it is configured and, where that is due, make sure that nobody else can assume the role.

    ``purpose`` shows in the customer's CloudTrail. Raises AwsError or SecretUnreadableError.
    """
    credentials = credentials_of(settings, purpose=purpose)
    work.step("Signing in to AWS")
    session = open_session(credentials, on_call=work.count_call, retries=work.retries)
    if is_proof_due and isinstance(credentials, RoleCredentials):
        work.step("Making sure that nobody else can assume the role")
        refuse_open_role(credentials, on_call=work.count_call, retries=work.retries)
    return session


def identify_organization(session: AwsSession, work: Work, *, same_as: Integration | None = None) -> Identity:
    """Ask who we are, and in which AWS organization. Raises AwsError.

    AnotherOrganization says that an integration mirrored another one before: a role can be re-pointed by mistake.
    """
    work.step("Asking which AWS organization it is")
    identity = identify(session)
    expected = same_as.source_organization_id if same_as else ""
    if expected and identity.organization_id != expected:
        raise AnotherOrganization(
            f"The credentials now lead to the AWS organization {identity.organization_id}, but this integration mirrors"
            f" {expected} (DescribeOrganization: AnotherOrganization). Nothing was changed. Point them back, or change"
            " the credentials in the integration's Config.",
            operation="DescribeOrganization",
            code="AnotherOrganization",
        )
    return identity


def read_organization(
    session: AwsSession, identity: Identity, work: Work, *, may_leave_out: MayLeaveOut | None = None
) -> Snapshot:
    """Read it all, as ``read_snapshot`` does, and hold that to the identity. Raises AwsError."""
    work.step("Reading the AWS organization")
    return read_snapshot(session, identity=identity, on_progress=work.progress, may_leave_out=may_leave_out)


def what_may_stay_unseen(integration: Integration) -> MayLeaveOut | None:
    """Give what somebody saved as unreadable, which may stay so; a denial of anything else is an error."""
    unseen = frozenset(integration.unseen_folders)
    return unseen.__contains__ if unseen else None


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
    answers = confirm_gone(session, accounts=accounts, folders=vanished - accounts, on_progress=on_progress)
    still_there = sorted(one.source_id for one in answers if not one.is_gone)
    if still_there:
        operation = "ListAccounts" if still_there[0] in accounts else "ListOrganizationalUnitsForParent"
        raise IncompleteAnswer(
            f"AWS left {', '.join(still_there[:5])} out of its lists but still knows "
            f"{'it' if len(still_there) == 1 else 'them'} ({operation}: IncompleteAnswer). Nothing was changed;"
            " the next sync looks again.",
            operation=operation,
            code="IncompleteAnswer",
        )
    closed = {one.source_id for one in answers if one.is_closed}
    return replace(snapshot, unlisted_closed=snapshot.unlisted_closed | closed)
