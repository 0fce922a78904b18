"""Runs one Test Discovery or Test Connection and writes what it finds to the test's row, which the page follows.

Only tasks import this: it talks to AWS. What AWS refuses or fails to answer ends the test as failed, with the sentence.
"""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import structlog
from django.utils import timezone

from integrations import discovery
from integrations.access import findings
from integrations.access.credentials import credentials_of, retries_of
from integrations.access_tests.sampling import OTHERS, chosen_sample, sample
from integrations.aws.calls.retry import Retries
from integrations.aws.discovery.read import first_accounts, identify
from integrations.aws.errors import AwsError
from integrations.aws.identifiers import member_role_arn, session_name
from integrations.aws.role_checks import try_member_roles
from integrations.aws.session import open_session
from integrations.health import run as health_run
from integrations.jobs import slots
from integrations.jobs.work import OneTimeWork, ending
from integrations.models import AccessTest, AccountAccess, Draft, Integration
from integrations.models.access_test_values import Account, Report, TriedAccount, Who
from integrations.models.settings import AccessSettings, IntegrationSettings, default_options
from integrations.planning.snapshot import AccountState, Progress, pack
from workspaces import audit, isolation
from workspaces.database import at_most_one

CONNECTION_SECONDS: Final = 10.0
_UNREADABLE = "The stored secret key cannot be read any more. Enter the secret key again, then test again."
_BUG = "An unexpected error stopped the test. Nothing was changed; the operator's log has it."
_CHANGED = "The settings were changed before this test began. Test again."


@dataclass(slots=True, kw_only=True)
class _Work(OneTimeWork[AccessTest]):
    """One test under way: what is tested, and what was found so far."""

    settings: AccessSettings
    report: Report = field(default_factory=Report)
    packed: bytes = b""

    def report_facts(self, **facts: Any) -> None:
        self.report = replace(self.report, **facts)
        self.write(report=self.report.to_json())

    def step(self, text: str) -> None:
        self.report_facts(phase=text)

    def progress(self, read: Progress) -> None:
        if not self.has_just_written:
            self.report_facts(**asdict(read))

    def end(self, state: AccessTest.State, **facts: Any) -> None:
        self.report = replace(self.report, **facts)
        self.write(report=self.report.to_json(), state=state, finished_at=timezone.now(), snapshot=self.packed)

    def fail(self, sentence: str, code: str) -> None:
        self.end(AccessTest.State.FAILED, sentence=sentence, code=code)


def run(tenant_id: int, test_id: int, *, retries: Retries | None = None) -> bool:
    """Run the test if it still waits and there is a slot for it; returns whether it was run. A bug is raised."""
    test = slots.begin(AccessTest.objects.defer("snapshot"), tenant_id, test_id, now=timezone.now())
    if test is not None and (work := _load(test, retries)):
        _run(work)
    return test is not None


def _run(work: _Work) -> None:
    structlog.contextvars.bind_contextvars(tenant=work.row.tenant_id, access_test=work.row.pk)
    with ending(work.fail, bug=_BUG, unreadable=_UNREADABLE):
        if work.row.kind == AccessTest.Kind.DISCOVERY:
            _discovery(work)
        elif isinstance(work.settings, IntegrationSettings):
            _connection(work, work.settings)
        else:
            _account(work)


def _load(test: AccessTest, retries: Retries | None) -> _Work | None:
    """Load what it tests; None, and the test has failed, when that is not as it was."""
    with isolation.as_tenant(test.tenant_id):
        settings = _settings(test)
        if settings is not None and findings.fingerprint(settings, AccessTest.Kind(test.kind)) == test.fingerprint:
            return _Work(retries or _retries(test, settings), row=test, settings=settings)
        test.state, test.finished_at = AccessTest.State.FAILED, timezone.now()
        test.report = Report(sentence=_CHANGED).to_json()
        test.save(update_fields=["state", "report", "finished_at"])
        return None


def _retries(test: AccessTest, settings: AccessSettings) -> Retries:
    """Say how patient the test is: one of a connection as that would be, by the options that apply to it."""
    if test.kind == AccessTest.Kind.DISCOVERY:
        return Retries()
    stored = settings.options if isinstance(settings, IntegrationSettings) else default_options()
    return retries_of(test.tried_instead.options or stored)


def _settings(test: AccessTest) -> AccessSettings | None:
    """Find what is tested, with what is to be tested instead of what is stored."""
    instead = test.tried_instead
    uid = instead.integration or test.subject
    for model in (Draft, Integration):
        found: IntegrationSettings | None = at_most_one(
            model.objects.filter(uid=uid).select_related("tenant", "organization")
        )
        if found is not None:
            found.member_role = instead.member_role or found.member_role
            return found
    access = at_most_one(AccountAccess.objects.filter(uid=uid).select_related("tenant"))
    if access is not None:
        access.discovery_external_id = instead.discovery_external_id or access.discovery_external_id
    return access


def _discovery(work: _Work) -> None:
    session = discovery.sign_in(work.settings, work, purpose="test")
    identity = discovery.identify_organization(session, work)
    work.report = replace(work.report, who=Who(**asdict(identity), partition=session.partition))
    snapshot = discovery.read_organization(session, identity, work)
    work.packed = pack(snapshot)
    work.end(
        AccessTest.State.PASSED,
        folders=len(snapshot.folders) - 1,
        accounts=len(snapshot.accounts),
        calls=session.calls,
        root_id=snapshot.root.source_id,
        sample=sample(snapshot),
    )


def _account(work: _Work) -> None:
    """Sign in to the account of one connection, and make sure that nobody else can."""
    seen = health_run.connections_to_test(work.settings)
    try:
        caller = discovery.sign_in(work.settings, work, purpose="test").caller()
    except AwsError as error:
        health_run.record_results(work.settings, seen, {"": error})
        raise
    _take_over(work.settings)
    health_run.record_results(work.settings, seen, {"": None})
    work.end(AccessTest.State.PASSED, sentence=f"Signed in to the account {caller['Account']} as {caller['Arn']}.")


def _take_over(settings: AccessSettings) -> None:
    """Use a rotated external id from now on: the role has just required it."""
    with isolation.as_tenant(settings.tenant_id):
        waiting = AccountAccess.objects.filter(uid=settings.uid, role_arn=settings.role_arn)
        rotated = {"next_discovery_external_id": settings.discovery_external_id}
        related = ("connection__tenant", "connection__organization", "connection__workspace")
        access = waiting.filter(**rotated).select_related(*related).select_for_update(of=("self",)).first()
        if access is None:
            return
        access.discovery_external_id, access.next_discovery_external_id = settings.discovery_external_id, ""
        access.save(update_fields=["discovery_external_id", "next_discovery_external_id"])
        audit.record("connection.external_id_replaced", scope=access.scope, by=None, target=access.connection)


def _connection(work: _Work, settings: IntegrationSettings) -> None:
    ends_at = time.monotonic() + CONNECTION_SECONDS
    partition, accounts = _sample(work, settings)
    names = {account.id: account.name for account in accounts}
    seen = health_run.connections_to_test(settings, names)
    errors: dict[str, AwsError | None] = {}
    results: list[TriedAccount] = []
    work.report_facts(phase="Assuming the role in each account", tried=len(accounts), results=())
    role = settings.member_role
    tries = try_member_roles(
        [member_role_arn(partition, account_id, role.name) for account_id in names],
        role.external_id,
        session_name(settings.tenant.handle, "test"),
        within_seconds=max(1.0, ends_at - time.monotonic()),
        retries=work.retries,
    )
    for result in tries:
        errors[result.account_id] = result.error
        name = names[result.account_id]
        results.append(TriedAccount(result.account_id, result.role_arn, result.is_green, result.sentence, name))
        results.sort(key=lambda found: list(names).index(found.account_id))  # as asked, not as answered
        work.report_facts(results=tuple(results))
    health_run.record_results(settings, seen, errors)
    is_green = all(result.is_green for result in results)
    work.end(AccessTest.State.PASSED if is_green else AccessTest.State.FAILED, **_verdict(settings, results))


def _verdict(settings: IntegrationSettings, results: Iterable[TriedAccount]) -> dict[str, str]:
    role = f"The role {settings.member_role.name}"
    greens = [result.is_green for result in results]
    of = "the account that was tried" if len(greens) == 1 else f"all {len(greens)} accounts that were tried"
    if all(greens):
        return {"sentence": f"{role} works in {of}."}
    return {
        "sentence": f"{role} works in {sum(greens)} of {len(greens)} accounts that were tried."
        " A role that was created less than a minute ago may need another moment.",
        "code": "MemberRole",
    }


def _sample(work: _Work, settings: IntegrationSettings) -> tuple[str, tuple[Account, ...]]:
    """Find accounts to try, and their partition.

    They are those that the test is about, else those of the last discovery test of these settings, else we ask AWS now.
    """
    instead = work.row.tried_instead
    if instead.accounts is not None:
        return instead.partition or "aws", instead.accounts
    with isolation.as_tenant(work.row.tenant_id):
        newest = findings.newest_passed(settings, AccessTest.Kind.DISCOVERY)
    if newest is not None:
        found = newest.found
        return found.signed_in.partition, chosen_sample(settings) or found.sample or ()
    work.report_facts(phase="Asking AWS for accounts to try")
    quick = Retries(faults=1, throttles=2)
    session = open_session(credentials_of(settings, purpose="test"), retries=quick)
    identity = identify(session)
    management_id = identity.management_account_id
    others = [
        Account(row.source_id, row.name)
        for row in first_accounts(session, within_seconds=CONNECTION_SECONDS)
        if row.state == AccountState.ACTIVE and row.source_id != management_id
    ]
    return session.partition, (Account(management_id, "Management account"), *others[:OTHERS])
