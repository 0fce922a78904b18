"""Whatever happens in AWS, whatever becomes of the events of it and however late AWS shows it: syncs are exact.

As ``test_any_events_planned``, with the database, the stand-in and the whole way of events.
``PIPES_TEST_HISTORIES=500`` tries so many other histories than the few that are always the same.
"""

import os
from collections import Counter
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connections.models import Connection, Folder
from integrations.models import Integration, SyncRun
from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import Synced, make_mirror
from tests.integrations.events.living_events import Step, Told, small_organization, steps
from tests.integrations.events.watched import Watched
from tests.integrations.sync.exact import in_aws, in_tree
from tests.integrations.sync.living import facts_of as facts
from workspaces import isolation

HISTORIES = int(os.environ.get("PIPES_TEST_HISTORIES", "0"))
kinds: Counter[str] = Counter()


def rows_of(mirror: Synced, *, but: set[str]) -> list[Any]:
    """Every field of every node, the removed ones too, but for some; paths follow from parents."""
    with isolation.as_tenant(mirror.integration.tenant_id):
        return [
            dict(row)
            for model in (Folder, Connection)
            for row in model.objects.filter(root=mirror.integration.root_folder_id).order_by("pk").values()
            if row["source_id"] not in but
        ]


def check_looks(watched: Watched) -> None:
    """Do what is due, one run after the other, and hold each to what it said that it looked at."""
    mirror = watched.mirror
    while True:
        before, tree, done = rows_of(mirror, but=set()), in_tree(mirror.integration), facts(mirror.integration)
        runs = watched.work(after=0)
        if not runs:
            return
        for run in runs:
            kinds[run.kind] += 1
            assert (run.error, run.state in ("succeeded", "queued")) == ("", True)
        assert mirror.schedule().claim is None
        assert mirror.schedule().failures == 0
        assert done.items() <= facts(mirror.integration).items()
        if [run.kind for run in runs] == ["targeted"]:
            (run,) = runs
            covered, changed = set(run.covered or ()), {line[2] for line in run.changes}
            assert changed <= covered
            if run.state == "queued":  # it has seen nothing yet, and looks again
                assert in_tree(mirror.integration) == tree
                continue
            assert rows_of(mirror, but=covered) == [row for row in before if row["source_id"] not in covered]
            check_shown(mirror, run, tree)


def check_shown(mirror: Synced, run: SyncRun, before: dict[str, Any]) -> None:
    """Where nothing is shown late, what was looked at is as it is, or is held back until a full sync."""
    if mirror.aws.faults.past.moments:
        return
    after, exact = in_tree(mirror.integration), in_aws(mirror.aws.organization)
    for source_id in run.covered or ():
        if mirror.schedule().untold_at is None:
            assert after.get(source_id) == exact.get(source_id)
        else:
            assert after.get(source_id) in (before.get(source_id), exact.get(source_id)) or source_id in exact


@pytest.mark.django_db
def test_any_history_that_events_tell_of_ends_exact(aws: RunningAws, cast: Cast, own_cache: None) -> None:
    kinds.clear()

    @settings(
        max_examples=HISTORIES or 6,
        derandomize=not HISTORIES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(history=st.lists(steps, min_size=3, max_size=5))
    def tries(history: list[Step]) -> None:
        with transaction.atomic():
            follow(history, aws, cast)
            transaction.set_rollback(True)

    tries()
    assert kinds["targeted"] > kinds["full"]


def follow(history: list[Step], aws: RunningAws, cast: Cast) -> None:
    cache.clear()
    aws.faults.clear()
    organization = small_organization()
    aws.world.organizations[:] = [organization]
    aws.organization = aws.roles.organization = organization
    organization.listeners.append(aws.faults.heard)
    aws.iam.roles.pop(f"arn:aws:iam::{organization.management_account_id}:role/pipes-main", None)
    watched = Watched.over(make_mirror(aws, cast.at_org, cast), cast)
    with isolation.as_tenant(cast.acme.pk):
        Integration.objects.update(deletion_limit_percent=100)
    told = Told(organization)
    for number, step in enumerate(history):
        aws.faults.catch_up()
        if step.lag:
            aws.faults.lag(reads=step.lag)
        for body in told.live(step, number):
            watched.send(body)
        for pause in (2, 4):
            watched.later(pause)
            check_looks(watched)
    aws.faults.catch_up()
    watched.later(200)
    check_looks(watched)
    run = watched.mirror.sync()
    assert (run.kind, run.state, run.error) == ("full", "succeeded", "")
    assert in_tree(watched.mirror.integration) == in_aws(organization)
    assert watched.events() == []
