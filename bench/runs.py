"""Pages that list or count syncs, at a thousand records and at millions in turn; and how long folding those takes.

Each size has a database of its own, which one process asks by turns, so that the machine's speed is the same for both.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone

from bench.database import a_scope, analyze
from bench.table import Row, at_most, fastest_of, show
from integrations.models import SyncRun
from integrations.sync import run_records
from tests import factories
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import User

_FEW = 1_000
_INTEGRATIONS = 20
_OF_THE_FIRST = 60
_ROUNDS = 10  # for each run that is asked for: these take milliseconds
_PLAIN_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"
# One each quarter of an hour, all of which found nothing new.
_RUNS = """
    INSERT INTO integrations_syncrun (tenant_id, integration_id, trigger, state, phase, claim, folders_read,
        accounts_read, aws_calls, counts, changes, removals, error, queued_at, started_at, finished_at)
    SELECT %(tenant)s, integration, 'scheduled', 'succeeded', '', gen_random_uuid(), 9, 40, 12, '{}', '[]', '[]', '',
        at, at, at + interval '9 seconds'
    FROM (SELECT now() - n * interval '15 minutes' AS at FROM generate_series(%(from)s, %(to)s + 1, -1) n) AS run
        CROSS JOIN unnest(%(integrations)s::bigint[]) AS integration ORDER BY at, integration
"""
_AT_ONCE = 5_000  # of each integration, in one statement: the application's role has 30 seconds for it


def run(records: int, runs: int) -> None:
    """Compare the pages, then fold what is more."""
    scope = a_scope("runs")
    owner = User.objects.get(handle="runs")
    with isolation.as_tenant(scope.tenant.pk):
        made = [factories.integration(scope, f"awsi-{n:02}", by=owner) for n in range(_INTEGRATIONS)]
        for integration in made:
            factories.finished_run(integration)
    client = Client()
    client.force_login(owner)
    own = {"tenant": scope.tenant.pk, "integrations": [integration.pk for integration in made]}
    with _twins() as (few, many):
        for use, number in ((few, _FEW), (many, records)):
            use()
            _fill(own, number)
        _compare_pages(client, scope, records, {"few": few, "many": many}, runs * _ROUNDS)
        many()
        _measure_folding(scope, records)


@contextmanager
def _twins() -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Copy the database as it is now; gives what has this process use the original, and the copy."""
    owner, original = connections["owner"], connections["default"]
    owner.close()
    original.close()
    owner.creation.clone_test_db("many", verbosity=0, autoclobber=True)
    owner.close()
    copy = original.__class__(original.settings_dict | {"NAME": f"{original.settings_dict['NAME']}_many"}, "default")

    def use(one: object, name: str) -> None:
        connections["default"] = one
        owner.close()
        owner.settings_dict["NAME"] = name

    names = original.settings_dict["NAME"], copy.settings_dict["NAME"]
    try:
        yield lambda: use(original, names[0]), lambda: use(copy, names[1])
    finally:
        copy.close()
        use(original, names[0])
        owner.creation.destroy_test_db(suffix="many", verbosity=0)


def _fill(own: dict[str, Any], records: int) -> None:
    """Add that many records, oldest first, and let the planner know; the first integration rests since its first."""
    first, *others = own["integrations"]
    _add(own | {"integrations": [first]}, _OF_THE_FIRST)
    _add(own | {"integrations": others}, (records - _OF_THE_FIRST) // len(others))
    analyze()


def _add(own: dict[str, Any], of_each: int) -> None:
    for top in range(of_each, 0, -_AT_ONCE):
        with isolation.as_tenant(own["tenant"]), connection.cursor() as cursor:
            cursor.execute(_RUNS, own | {"from": top, "to": max(top - _AT_ONCE, 0)})


def _compare_pages(
    client: Client, scope: Scope, records: int, sizes: dict[str, Callable[[], None]], rounds: int
) -> None:
    storages = settings.STORAGES | {"staticfiles": {"BACKEND": _PLAIN_FILES}}
    times: dict[tuple[str, str], float] = {}
    with override_settings(DEBUG=False, ALLOWED_HOSTS=["testserver"], SECURE_SSL_REDIRECT=False, STORAGES=storages):
        urls = {size: _urls(scope, use) for size, use in sizes.items()}
        for _ in range(rounds):
            for name in urls["few"]:
                for size, use in sizes.items():
                    use()
                    connection.ensure_connection()
                    seconds = fastest_of(1, lambda url=urls[size][name]: _ask(client, url))
                    times[name, size] = min(seconds, times.get((name, size), seconds))
    print(f"\nPages at {_FEW:,} records of syncs, and at {records:,}")
    for name in urls["few"]:
        few, many = times[name, "few"], times[name, "many"]
        print(f"  {name:<24} {few * 1000:>8.1f} ms {many * 1000:>8.1f} ms")
        at_most(f"{name} at {records:,} syncs, of its time at {_FEW:,}", many / few, 2)


def _urls(scope: Scope, use: Callable[[], None]) -> dict[str, str]:
    """Say where the pages are, whose runs have other ids in each database."""
    use()
    base = scope.url("integration_list")
    with isolation.as_tenant(scope.tenant.pk):
        run = SyncRun.objects.filter(integration__handle="awsi-07").order_by("-pk")[10].number
        middle = SyncRun.objects.filter(integration__handle="awsi-07").order_by("pk")[30].pk
    return {
        "Integrations": base,
        "an integration": f"{base}awsi-07/",
        "its Processes": f"{base}awsi-07/processes/",
        "those of one that rests": f"{base}awsi-00/processes/",
        "the oldest of these": f"{base}awsi-07/processes/?before={middle}",
        "one of them": f"{base}awsi-07/processes/{run}/",
        "its Notifications": f"{base}awsi-07/notifications/",
        "its Config": f"{base}awsi-07/config/",
        "its Advanced": f"{base}awsi-07/advanced/",
        "all Processes": scope.url("process_list"),
        "the oldest of all": f"{scope.url('process_list')}?before={middle}",
    }


def _ask(client: Client, url: str) -> None:
    assert client.get(url).status_code == 200, url


def _measure_folding(scope: Scope, records: int) -> None:
    """Fold all that is old enough; what calls back between two transactions measures how long the longest took."""
    seen = [time.perf_counter()]

    def measure() -> bool:
        seen.append(time.perf_counter())
        return False

    run_records.fold_quiet_runs(scope.tenant.pk, now=timezone.now() + timedelta(days=2), is_time_up=measure)
    seen.append(time.perf_counter())
    longest = max(later - sooner for sooner, later in pairwise(seen))
    with isolation.as_tenant(scope.tenant.pk):
        left = SyncRun.objects.count()
    rows = [Row("all", seen[-1] - seen[0], f"{left:,} records are left"), Row("the longest transaction", longest)]
    show(f"Folding {records:,} records of syncs that changed nothing", rows)
    print(f"  {records / rows[0].seconds:,.0f} records a second")
