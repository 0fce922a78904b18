"""The integrations that ``bench.faults`` syncs, and what became of their runs."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import OperationalError, connection
from django.utils import timezone

from bench.database import a_scope
from integrations.models import Integration, SyncRun, SyncSchedule
from tests import factories
from tests.fakes.aws.policy import reading_organizations
from workspaces import isolation
from workspaces.models import User

Keys = Sequence[int]
_tenant: list[int] = []


def prepare(aws: Any, number: int) -> tuple[str, Keys]:
    """Make a tenant with so many integrations; gives the cookie of its owner, and their ids."""
    scope = a_scope("faults")
    _tenant.append(scope.tenant.pk)
    owner = User.objects.get(handle="faults")
    key = aws.roles.create_key("reader", reading_organizations())
    with isolation.as_tenant(scope.tenant.pk):
        made = [
            factories.integration(
                scope,
                f"m{n}",
                by=owner,
                access_mode="key",
                access_key_id=key.id,
                secret_key=key.secret,
            )
            for n in range(number)
        ]
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(owner.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = owner.get_session_auth_hash()
    store.save()
    return f"sessionid={store.session_key}", [each.pk for each in made]


def _runs(keys: Keys, last: int) -> Any:
    return SyncRun.objects.filter(integration__in=keys, pk__gt=last)


def all_synced(keys: Keys, last: int) -> int:
    """Count the integrations that have a good run since."""
    with isolation.as_tenant(_tenant[0]):
        good = _runs(keys, last).filter(state="succeeded")
        return good.values("integration").distinct().count()


def last_run() -> int:
    """Give the id of the last run of all."""
    with isolation.as_tenant(_tenant[0]):
        return SyncRun.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def make_due(keys: Keys) -> None:
    """Have all of them synced now."""
    SyncSchedule.objects.filter(pk__in=keys).update(next_due_at=timezone.now(), planned_at=timezone.now())


def reading(keys: Keys) -> int:
    """Count the syncs that are in the middle."""
    with isolation.as_tenant(_tenant[0]):
        return int(SyncRun.objects.filter(integration__in=keys, state="running", phase="reading").count())


def running(keys: Keys) -> set[int]:
    """Give the ids of the runs that read as running, those included whose worker is gone."""
    connection.close()  # it may be one to a server that was restarted
    with isolation.as_tenant(_tenant[0]):
        return set(SyncRun.objects.filter(integration__in=keys, state="running").values_list("pk", flat=True))


def are_under_way(keys: Keys, last: int, before: set[int]) -> bool:
    """Whether each has a good run since, or one that runs and is none of those before."""
    try:
        with isolation.as_tenant(_tenant[0]):
            runs = _runs(keys, last).filter(state__in=["running", "succeeded"])
            at_work = runs.exclude(state="running", pk__in=before)
            return at_work.values("integration").distinct().count() == len(keys)
    except OperationalError:
        connection.close()
        return False


def is_quiet(keys: Keys, last: int) -> bool:
    """Whether each has a good run since, and nothing is open or claimed."""
    try:
        with isolation.as_tenant(_tenant[0]):
            is_open = _runs(keys, last).filter(state__in=["queued", "running"]).exists()
        is_held = SyncSchedule.objects.filter(pk__in=keys).exclude(claim=None, dispatched_at=None).exists()
        return not is_open and not is_held and all_synced(keys, last) == len(keys)
    except OperationalError:
        connection.close()
        return False


def lost_and_doubled(keys: Keys, last: int) -> tuple[int, int]:
    """Count the integrations without a good run since, and good runs beyond the first of each."""
    with isolation.as_tenant(_tenant[0]):
        assert Integration.objects.filter(pk__in=keys).count() == len(keys)
        good = _runs(keys, last).filter(state="succeeded").count()
    synced = all_synced(keys, last)
    return len(keys) - synced, good - synced
