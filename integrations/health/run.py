"""Runs one batch of a tenant's health tests: each due connection is signed in to as it would be used.

Only tasks import this: it talks to AWS. Each result is written as it comes, so a worker that is killed loses only what
was under way.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

import structlog
from django.utils import timezone

from connections.models import Connection, Health
from integrations.access.connection_options import effective
from integrations.access.credentials import credentials_of, member_credentials, retries_of
from integrations.access.findings import partition_of
from integrations.aws.calls.rate_limit import Pacer
from integrations.aws.calls.retry import Retries
from integrations.aws.errors import AccessDenied, AwsError
from integrations.aws.role_checks import Credentials, check_side_by_side
from integrations.health import batches, policy
from integrations.health.policy import Finding, Kind
from integrations.models import AccountAccess, Integration
from integrations.models.settings import MEMBER_ROLE_FIELDS, AccessSettings
from workspaces import isolation
from workspaces.encryption import SecretUnreadableError

log = structlog.get_logger(__name__)

# A test takes three calls: this many fit into the time of a batch at the pace below.
_BATCH: Final = 500
# Calls a second and at once, of one batch; STS is asked in our own account's name, and a few batches run at once.
_RATE: Final = 50.0
_BURST: Final = 20.0
_REST_AFTER_TROUBLE: Final = timedelta(minutes=15)

_NO_ROLE: Final = "The integration has no role name yet: enter it in its Connection Settings."
_NO_ACCESS: Final = "It has no access to an account yet: an owner enters that on its Config page."
_UNREADABLE: Final = "The stored secret key cannot be read any more. Enter the secret key again on its Config page."

# What a test by hand may try otherwise than it is stored.
_TRIED: Final[dict[type[AccessSettings], tuple[str, ...]]] = {
    Integration: MEMBER_ROLE_FIELDS,
    AccountAccess: ("access_mode", "role_arn", "discovery_external_id", "access_key_id", "sealed_secret_key"),
}


@dataclass(frozen=True, slots=True)
class _Job:
    """One connection as it was read: how to sign in to it, or why there is nothing to try, and how patiently."""

    node: Connection
    access: Credentials | Finding
    is_management: bool = False
    retries: Retries = field(default_factory=Retries)


def run(tenant_id: int, *, retries: Retries | None = None, within_seconds: float | None = None) -> None:
    """Test what is due of a tenant; a message that comes twice or late finds nothing to do. A bug is raised."""
    claim = batches.start(tenant_id, now=timezone.now())
    if claim is None:
        return
    rest = _REST_AFTER_TROUBLE  # also after a bug
    with structlog.contextvars.bound_contextvars(tenant=tenant_id):
        try:
            jobs = _load(tenant_id)
            if not jobs or _test(jobs, retries, within_seconds or batches.BATCH_SECONDS):
                rest = timedelta(0)
        finally:
            batches.finish(tenant_id, claim, now=timezone.now(), rest=rest)


def _test(jobs: Mapping[int, _Job], retries: Retries | None, within_seconds: float) -> bool:
    """Test them and write what is found; returns False when nothing was, because all of it was trouble of our own."""
    wanted: dict[int, Credentials] = {}
    findings = dict.fromkeys(Kind, 0)
    for pk, job in jobs.items():
        if isinstance(job.access, Finding):
            findings[job.access.kind] += _write(job, job.access)
        else:
            wanted[pk] = job.access
    results = check_side_by_side(
        wanted,
        within_seconds=within_seconds,
        retries={pk: retries or jobs[pk].retries for pk in wanted},
        pacer=Pacer(_RATE, _BURST),
    )
    for job, found in _with_what_they_share((jobs[pk], error) for pk, error in results):
        findings[found.kind] += _write(job, found)
    log.info("connections_tested", **{kind.value: number for kind, number in findings.items() if number})
    return not wanted or findings[Kind.WORKS] + findings[Kind.FAILS] > 0


def _with_what_they_share(results: Iterable[tuple[_Job, AwsError | None]]) -> Iterator[tuple[_Job, Finding]]:
    """Judge each result as it comes, but for sudden refusals: those wait for the others of the same integration."""
    sudden: defaultdict[int | None, list[tuple[_Job, Finding]]] = defaultdict(list)
    working: set[int | None] = set()
    for job, error in results:
        found = policy.judge(error, is_managed=job.node.is_managed, is_management=job.is_management)
        if isinstance(error, AccessDenied) and job.node.is_managed and job.node.health == Health.HEALTHY:
            sudden[job.node.root_id].append((job, found))
            continue
        if found.kind == Kind.WORKS:
            working.add(job.node.root_id)
        yield job, found
    for root_id, refused in sudden.items():
        is_shared = len(refused) > 1 and root_id not in working
        for job, found in refused:
            yield job, policy.all_at_once(found, len(refused)) if is_shared else found


def _write(job: _Job, found: Finding) -> bool:
    with isolation.as_tenant(job.node.tenant_id):
        return policy.record(job.node, found, now=timezone.now())


def _load(tenant_id: int) -> dict[int, _Job]:
    """Read what is due, and then how to sign in: what is changed after the first shows when the result is written."""
    with isolation.as_tenant(tenant_id):
        nodes = list(batches.due(tenant_id, now=timezone.now())[:_BATCH])
        integrations, accesses, options = _integrations(nodes), _accesses(nodes), effective(nodes)
        jobs = [_managed(node, integrations) if node.is_managed else _by_hand(node, accesses) for node in nodes]
        return {job.node.pk: replace(job, retries=retries_of(options[job.node.pk])) for job in jobs}


def _integrations(nodes: Sequence[Connection]) -> dict[int | None, tuple[Integration, str]]:
    """Give each integration with its partition, by the id of its top folder."""
    roots = {node.root_id for node in nodes if node.is_managed}
    found = Integration.objects.filter(root_folder__in=roots, state=Integration.State.ACTIVE).select_related("tenant")
    return {each.root_folder_id: (each, partition_of(each)) for each in found}


def _accesses(nodes: Sequence[Connection]) -> dict[int, AccountAccess]:
    by_hand = [node.pk for node in nodes if not node.is_managed]
    found = AccountAccess.objects.filter(connection__in=by_hand).select_related("tenant") if by_hand else ()
    return {each.connection_id: each for each in found}


def _managed(node: Connection, integrations: Mapping[int | None, tuple[Integration, str]]) -> _Job:
    integration, partition = integrations.get(node.root_id, (None, ""))
    if integration is None or not integration.member_role.name:
        return _Job(node, Finding(Kind.UNTESTABLE, _NO_ROLE))
    credentials = member_credentials(integration, node.source_id, partition=partition, purpose="health")
    return _Job(node, credentials, is_management=node.source_id == integration.management_account_id)


def _by_hand(node: Connection, accesses: Mapping[int, AccountAccess]) -> _Job:
    access = accesses.get(node.pk)
    if access is None or not (access.role_arn or access.access_key_id):
        return _Job(node, Finding(Kind.UNTESTABLE, _NO_ACCESS))
    try:
        return _Job(node, credentials_of(access, purpose="health"))
    except SecretUnreadableError:
        return _Job(node, Finding(Kind.FAILS, _UNREADABLE))


def connections_to_test(settings: AccessSettings, account_ids: Iterable[str] = ()) -> dict[str, Connection]:
    """Read the connections that *Test Connection* is about to try, by account id; made by hand, there is one, by ''."""
    with isolation.as_tenant(settings.tenant_id):
        if isinstance(settings, AccountAccess):
            return {"": Connection.objects.get(pk=settings.connection_id)}
        if not isinstance(settings, Integration):
            return {}
        found = batches.tested(settings.tenant_id).filter(root=settings.root_folder_id)
        return {node.source_id: node for node in found.filter(source_id__in=list(account_ids))}


def record_results(
    settings: AccessSettings, seen: Mapping[str, Connection], errors: Mapping[str, AwsError | None]
) -> None:
    """Write what *Test Connection* found of them, if it tried what is stored: it may try what nobody has saved."""
    with isolation.as_tenant(settings.tenant_id):
        names = _TRIED[type(settings)] if seen else ()
        stored = type(settings)._default_manager.filter(pk=settings.pk)
        if not names or not stored.filter(**{name: getattr(settings, name) for name in names}).exists():
            return
        management_id = getattr(settings, "management_account_id", "")
        for key in errors.keys() & seen.keys():
            node = seen[key]
            found = policy.judge(
                errors[key], is_managed=node.is_managed, is_management=key != "" and key == management_id
            )
            policy.record(node, found, now=timezone.now())
