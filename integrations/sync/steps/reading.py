"""What a sync reads of AWS: all of the AWS organization, or what events name. The planner takes both."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Protocol

from django.utils import timezone

from integrations import discovery
from integrations.access import known_snapshot
from integrations.aws.discovery.look import look_at
from integrations.aws.discovery.read import Identity
from integrations.aws.errors import AwsError, Stopped
from integrations.aws.session import AwsSession
from integrations.models import AccessMode, Integration, SyncRun
from integrations.planning.reconcile import Plan, Tree
from integrations.planning.selection import Selection, select
from integrations.planning.selection_tree import facts_of
from integrations.planning.snapshot import Progress, Snapshot, parents_of
from integrations.planning.targeted.fitting import known_of, only_within
from integrations.planning.targeted.hints import MOST_IDS
from integrations.planning.targeted.partial import DoesNotFitError, Partial
from integrations.planning.targeted.undoing import Aspect
from integrations.sync import mirror
from integrations.sync.steps.work import SyncWork
from workspaces import isolation

# Trust policies change: a role is proved anew to refuse strangers this often.
PROOF_LIFETIME = timedelta(days=1)


class Read(Protocol):
    """What was read, for a plan; ``confirmed`` are the ids of which AWS itself has said that they are gone."""

    @property
    def confirmed(self) -> frozenset[str]: ...

    def over(self, tree: Tree, integration: Integration) -> Snapshot:
        """Give it as a snapshot of all, beside the tree as it is now."""

    def narrowed(self, planned: Plan) -> Plan:
        """Give of a plan what may follow from it."""

    def where(self, snapshot: Snapshot) -> Mapping[str, str | None]:
        """The parent of each node that was seen and is there, by id."""

    def found(self, snapshot: Snapshot, integration: Integration) -> Mapping[str, object]:
        """Give what an integration keeps of it, by field."""


@dataclass(slots=True)
class FullRead:
    """All of it."""

    session: AwsSession
    snapshot: Snapshot
    read_anew: Callable[[], Snapshot]  # where ``snapshot`` is what was read a moment ago
    confirmed: frozenset[str] = field(default=frozenset())
    looked_at: frozenset[str] = field(default=frozenset())

    def over(self, tree: Tree, integration: Integration) -> Snapshot:
        return self.snapshot

    def narrowed(self, planned: Plan) -> Plan:
        return planned

    def where(self, snapshot: Snapshot) -> Mapping[str, str | None]:
        return parents_of(snapshot.folders, snapshot.accounts)

    def found(self, snapshot: Snapshot, integration: Integration) -> Mapping[str, object]:
        return {
            "source_organization_id": snapshot.organization_id,
            "management_account_id": snapshot.management_account_id,
            "selection_facts": facts_of(snapshot, integration.chosen).to_json(),
            # What may be read again may not be missing again without an error.
            "unseen_folders": sorted(snapshot.left_out_folders.intersection(integration.unseen_folders)),
        }

    def confirm(self, gone: frozenset[str], work: SyncWork) -> None:
        """Have AWS say of each id that it is gone. Raises AwsError."""
        asked = partial(work.report, SyncRun.Phase.CONFIRMING)
        try:
            self.snapshot = discovery.check_gone(self.session, self.snapshot, gone, on_progress=asked)
            self.confirmed |= gone
        except AwsError as error:
            self._doubt(error, work)

    def look_again(self, ids: frozenset[str], work: SyncWork) -> None:
        """Ask for some once more, each by itself: that is newer than the lists, where it fits them. Raises AwsError."""
        self.looked_at |= ids
        in_order = sorted(ids)
        for first in range(0, len(in_order), MOST_IDS):
            try:
                seen = look_at(self.session, in_order[first : first + MOST_IDS], self.snapshot, on_answer=lambda: None)
                self.snapshot, self.confirmed = seen.over(self.snapshot), self.confirmed | seen.gone
            except DoesNotFitError:
                continue
            except AwsError as error:
                self._doubt(error, work)

    def _doubt(self, error: AwsError, work: SyncWork) -> None:
        """Read everything where something is not as it was a moment ago; raise the error of what was read just now."""
        if not work.run.read_by or isinstance(error, Stopped):
            raise error
        known_snapshot.give_up(work.run)
        self.snapshot, self.confirmed = self.read_anew(), frozenset()


@dataclass(frozen=True, slots=True)
class TargetedRead:
    """What events name, and no more: a plan may change just that."""

    session: AwsSession
    seen: Partial

    @property
    def confirmed(self) -> frozenset[str]:
        return self.seen.gone

    def over(self, tree: Tree, integration: Integration) -> Snapshot:
        return self.seen.over(_known(tree, integration))

    def narrowed(self, planned: Plan) -> Plan:
        return only_within(planned, self.seen.covers)

    def where(self, snapshot: Snapshot) -> Mapping[str, str | None]:
        return self.seen.where

    def found(self, snapshot: Snapshot, integration: Integration) -> Mapping[str, object]:
        """How many accounts are mirrored; how many there are besides is known where all are."""
        selection, known = integration.chosen, integration.known_selection
        mirrored = facts_of(select(snapshot, selection), Selection()).mirrored
        if known is None or selection.is_everything:
            return {"selection_facts": facts_of(snapshot, selection).to_json()}
        return {"selection_facts": replace(known, mirrored=mirrored, accounts=max(known.accounts, mirrored)).to_json()}

    def keeping(self, aspects: Iterable[Aspect], tree: Tree, integration: Integration) -> "TargetedRead":
        """Leave out what would take back something that was just shown."""
        return replace(self, seen=self.seen.keeping(aspects, _known(tree, integration)))


def _known(tree: Tree, integration: Integration) -> Snapshot:
    known = known_of(
        tree,
        organization_id=integration.source_organization_id,
        management_account_id=integration.management_account_id,
    )
    return replace(known, left_out_folders=frozenset(integration.unseen_folders))


def read_all(integration: Integration, work: SyncWork) -> FullRead:
    """Read the whole AWS organization, or take what was read a moment ago. Raises AwsError."""
    session = _sign_in(integration, work)
    identity = discovery.identify_organization(session, work, same_as=integration)
    if integration.partition != session.partition:
        with isolation.as_tenant(integration.tenant_id):
            same = Integration.objects.filter(pk=integration.pk, version=integration.version)  # else of old credentials
            same.update(partition=session.partition)
    read_anew = partial(_read_anew, integration, session, identity, work)
    known = known_snapshot.take(work.run, integration, organization_id=identity.organization_id, now=timezone.now())
    if known is None:
        return FullRead(session, read_anew(), read_anew)
    work.read = Progress(len(known.folders), len(known.accounts))
    return FullRead(session, known, read_anew)


def _read_anew(integration: Integration, session: AwsSession, identity: Identity, work: SyncWork) -> Snapshot:
    work.report(SyncRun.Phase.READING)
    may_leave_out = discovery.what_may_stay_unseen(integration)
    snapshot = discovery.read_organization(session, identity, work, may_leave_out=may_leave_out)
    work.read = Progress(len(snapshot.folders), len(snapshot.accounts))
    return snapshot


def look(integration: Integration, ids: Iterable[str], work: SyncWork) -> TargetedRead:
    """Look at what events name. Raises AwsError, and DoesNotFitError when all has to be read instead."""
    with isolation.as_tenant(integration.tenant_id):
        known = _known(mirror.load(integration), integration)
    session = _sign_in(integration, work)
    work.progress(Progress())
    seen = look_at(session, ids, known, on_answer=lambda: work.progress(Progress()))
    work.progress(Progress(1 + len(seen.folders), len(seen.accounts)))  # the root counts in other reads
    return TargetedRead(session, seen)


def _sign_in(integration: Integration, work: SyncWork) -> AwsSession:
    now = timezone.now()
    proved_at = integration.role_proved_at
    is_proof_due = integration.access_mode == AccessMode.ROLE and (not proved_at or proved_at < now - PROOF_LIFETIME)
    session = discovery.sign_in(integration, work, purpose="sync", is_proof_due=is_proof_due)
    if is_proof_due:
        with isolation.as_tenant(integration.tenant_id):
            Integration.objects.filter(pk=integration.pk, role_arn=integration.role_arn).update(role_proved_at=now)
    return session
