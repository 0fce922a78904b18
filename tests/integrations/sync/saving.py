"""People who save other accounts to mirror, or other credentials, in the middle of any history."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from django.utils import timezone

from integrations.models import Integration, SettingsTrial
from integrations.trials import account_selection, settings_trial
from integrations.trials import run as trials_run
from tests.conftest import Cast
from tests.integrations.conftest import QUICK, Synced
from tests.integrations.planning.trees import Node
from workspaces import isolation

Tick = tuple[Literal["include", "exclude"], int]


def mirrored(nodes: dict[str, Node], mirror: Synced) -> dict[str, Node]:
    """What of AWS has to be in the tree, by what is chosen now: the nearest mark above decides."""
    with isolation.as_tenant(mirror.integration.tenant_id):
        marks = Integration.objects.values_list("selection", flat=True).get(pk=mirror.integration.pk)

    def is_ticked(source_id: str) -> bool:
        parent = nodes[source_id][0]
        key = source_id if parent else "root"
        if key in marks["include"] or key in marks["exclude"]:
            return key in marks["include"]
        return parent is not None and is_ticked(parent)

    kept = {source_id for source_id, (parent, *_) in nodes.items() if parent is None or is_ticked(source_id)}
    for source_id in list(kept):  # and all that is above
        above = nodes[source_id][0]
        while above is not None:
            kept.add(above)
            above = nodes[above][0]
    return {source_id: node for source_id, node in nodes.items() if source_id in kept}


def choose(mirror: Synced, cast: Cast, ticks: Sequence[Tick]) -> bool:
    """Tick and untick in what is read anew, look at it and save it; tell whether that was possible."""
    now = timezone.now()
    with isolation.as_tenant(cast.acme.pk):
        integration = _fresh(mirror)
        trial = account_selection.start(
            integration=integration, version=str(integration.version), by=cast.org_owner, now=now
        )
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    with isolation.as_tenant(cast.acme.pk), suppress(settings_trial.TrialGoneError, settings_trial.SyncUnderWayError):
        snapshot = account_selection.outline(integration, now=now).snapshot
        ids = [folder.source_id for folder in snapshot.folders] + [one.source_id for one in snapshot.accounts]
        for verb, number in ticks:
            account_selection.choose(integration=integration, verb=verb, source_id=ids[number % len(ids)], now=now)
        account_selection.save(
            integration=integration,
            version=str(integration.version),
            seen=_seen(integration),
            by=cast.org_owner,
            now=timezone.now(),
        )
        return True
    return False


def change_credentials(mirror: Synced, cast: Cast, name: str) -> bool:
    """Make another role of the same power, try it, look at it and save it; tell whether that was possible."""
    with isolation.as_tenant(cast.acme.pk):
        integration, wanted = _fresh(mirror), _fresh(mirror)
        made = f"arn:aws:iam::{mirror.aws.organization.management_account_id}:role/{name}"
        mirror.aws.iam.roles.pop(made, None)
        wanted.role_arn = mirror.aws.roles.create_discovery(integration.discovery_external_id, name=name)
        trial = settings_trial.start(
            integration=integration, wanted=wanted, version=str(integration.version), by=cast.org_owner
        )
    trials_run.run(cast.acme.pk, trial.pk, retries=QUICK)
    with isolation.as_tenant(cast.acme.pk), suppress(settings_trial.TrialGoneError, settings_trial.SyncUnderWayError):
        if SettingsTrial.objects.get().state == SettingsTrial.State.READY:
            settings_trial.save(
                integration=integration,
                version=str(integration.version),
                seen=_seen(integration),
                by=cast.org_owner,
                now=timezone.now(),
            )
            return True
    return False


def _fresh(mirror: Synced) -> Integration:
    return Integration.objects.select_related("tenant", "organization").get(pk=mirror.integration.pk)


def _seen(integration: Integration) -> str:
    return settings_trial.outcome_of(SettingsTrial.objects.get(), integration).fingerprint
