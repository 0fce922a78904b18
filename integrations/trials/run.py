"""Runs one trial: a real discovery, the result of which waits in the trial's row.

Only tasks import this: it talks to AWS. What AWS refuses or fails to answer ends the trial, with the sentence.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from django.utils import timezone

from integrations import discovery
from integrations.aws.calls.retry import Retries
from integrations.aws.session import AwsSession
from integrations.jobs import slots
from integrations.jobs.work import OneTimeWork, ending
from integrations.models import SettingsTrial
from integrations.planning import absence
from integrations.planning.reconcile import Taken, plan
from integrations.planning.snapshot import Progress, Snapshot, pack
from integrations.sync import mirror
from integrations.trials import unattended
from workspaces import isolation

_BUG: Final = "An unexpected error stopped this. Nothing was changed; the operator's log has it."


@dataclass(slots=True, kw_only=True)
class _Work(OneTimeWork[SettingsTrial]):
    confirmed_gone: frozenset[str] = frozenset()

    def step(self, text: str) -> None:
        self.write(phase=text, aws_calls=self.calls)

    def progress(self, read: Progress) -> None:
        if not self.has_just_written:
            self.write(folders_read=read.folders, accounts_read=read.accounts, aws_calls=self.calls)

    def fail(self, sentence: str, _code: str) -> None:
        self.write(state=SettingsTrial.State.FAILED, error=sentence, phase="", aws_calls=self.calls)


def run(tenant_id: int, trial_id: int, *, retries: Retries | None = None) -> bool:
    """Run a trial that waits, if there is a place for it; return whether it was run. A bug is raised."""
    _free_lost(tenant_id, trial_id)
    rows = SettingsTrial.objects.select_related("tenant", "organization", "integration")
    trial = slots.begin(rows, tenant_id, trial_id, now=timezone.now())
    if trial is None:
        return False
    work = _Work(retries or Retries(), row=trial)
    bound = structlog.contextvars.bound_contextvars(tenant=tenant_id, integration=trial.integration_id, trial=trial_id)
    with bound, ending(work.fail, bug=_BUG):
        _ready(work, _read(work))
        if trial.is_unattended:
            unattended.save_when_read(tenant_id, trial.integration_id, now=timezone.now())
    return True


def _free_lost(tenant_id: int, trial_id: int) -> None:
    """Let one that nobody attends be begun again, when its message comes again because its worker died."""
    with isolation.as_tenant(tenant_id):
        lost = SettingsTrial.objects.filter(pk=trial_id, is_unattended=True, state=SettingsTrial.State.RUNNING)
        silent = lost.filter(progressed_at__lt=timezone.now() - slots.PATIENCE)
        silent.update(state=SettingsTrial.State.QUEUED)


def _read(work: _Work) -> Snapshot:
    """Read as a sync would with the credentials that are in use; new ones may lead elsewhere, and see less."""
    integration = work.row.integration
    is_of_new = work.row.about == SettingsTrial.About.DISCOVERY
    session = discovery.sign_in(work.row, work, purpose="test")
    identity = discovery.identify_organization(session, work, same_as=None if is_of_new else integration)
    # What new credentials may not read would go: that is for the person to see and decide.
    may_leave_out = (lambda _: True) if is_of_new else discovery.what_may_stay_unseen(integration)
    snapshot = discovery.read_organization(session, identity, work, may_leave_out=may_leave_out)
    if is_of_new and identity.organization_id != integration.source_organization_id:
        return snapshot
    return _confirm(work, session, snapshot)


def _confirm(work: _Work, session: AwsSession, snapshot: Snapshot) -> Snapshot:
    """Have AWS say that what is missing, and not out of sight, is gone."""
    with isolation.as_tenant(work.row.tenant_id):
        tree = mirror.load(work.row.integration)
    absent = absence.to_confirm(plan(tree, snapshot, Taken()), tree, snapshot)
    if not absent:
        return snapshot
    work.step("Making sure that what is missing is gone")
    work.confirmed_gone = absent
    read = Progress(len(snapshot.folders), len(snapshot.accounts))
    return discovery.check_gone(session, snapshot, absent, on_progress=partial(work.progress, read))


def _ready(work: _Work, snapshot: Snapshot) -> None:
    work.write(
        state=SettingsTrial.State.READY,
        phase="",
        folders_read=len(snapshot.folders),
        accounts_read=len(snapshot.accounts),
        snapshot=pack(snapshot),
        left_out=sorted(snapshot.left_out_folders),
        confirmed_gone=sorted(work.confirmed_gone),
        aws_calls=work.calls,
    )
