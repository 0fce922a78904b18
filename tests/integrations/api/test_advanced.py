"""The schedule, the deletion limit and the health of an integration by program."""

import pytest

from connections.models import Connection, Health
from integrations.access_tests import run as tests_run
from integrations.models import AccessTest, Integration
from tests.conftest import Cast
from tests.integrations.api.test_integrations import problem
from tests.integrations.conftest import QUICK, Synced
from tests.programs import Program, ProgramOf
from workspaces import isolation
from workspaces.models import AuditEvent, Plan, Tenant

MAIN = "/org/tnt/integration/main"


@pytest.fixture
def ours(program: ProgramOf, cast: Cast) -> Program:
    return program(cast.org_owner)


def test_the_schedule_and_the_deletion_limit_are_read_and_changed(ours: Program, synced: Synced, cast: Cast) -> None:
    schedule = ours.get(f"{MAIN}/schedule")
    assert (schedule["interval_minutes"], schedule["full_sync_hours"]) == (15, 24)
    changed = ours("PATCH", f"{MAIN}/schedule", {"interval_minutes": 30}, **{"If-Match": str(schedule["version_id"])})
    assert changed.status_code == 200, changed.content
    after = changed.json()
    assert (after["interval_minutes"], after["full_sync_hours"]) == (30, 24)
    assert after["version_id"] == schedule["version_id"] + 1
    assert synced.schedule().interval_seconds == 30 * 60
    stale = ours("PATCH", f"{MAIN}/schedule", {"interval_minutes": 60}, **{"If-Match": str(schedule["version_id"])})
    assert stale.status_code == 412
    wrong = ours("PATCH", f"{MAIN}/schedule", {"interval_minutes": 1})
    assert problem(wrong, 400, "interval_minutes") == "Enter a number of minutes from 5 to 1,440 (a day)."
    limit = ours.get(f"{MAIN}/deletion_limit")
    assert (limit["percent"], limit["connections"]) == (20, 5)
    assert ours("PATCH", f"{MAIN}/deletion_limit", {"percent": 0}).json()["percent"] == 0
    assert problem(ours("PATCH", f"{MAIN}/deletion_limit", {"connections": -1}), 400, "connections")
    with isolation.as_tenant(cast.acme.pk):
        found = Integration.objects.get()
        assert (found.deletion_limit_percent, found.deletion_limit_count) == (0, 5)
        seen = list(AuditEvent.objects.order_by("-pk").values_list("action", flat=True)[:2])
    assert seen == ["integration.deletion_limit_changed", "integration.schedule_changed"]
    with isolation.as_operator():
        Tenant.objects.filter(pk=cast.acme.pk).update(plan=Plan.DEVELOPER)
    assert ours("PATCH", f"{MAIN}/deletion_limit", {"percent": 5}).status_code == 402


def test_delegates_who_may_not_approve_removals_lower_the_limit_and_never_raise_it(
    ours: Program, synced: Synced, cast: Cast, program: ProgramOf
) -> None:
    def delegate(*verbs: str) -> None:
        for verb in verbs:
            added = ours("POST", f"{MAIN}/delegate", {"user_handle": "org-member", "permission": verb})
            assert added.status_code == 201

    def limit() -> tuple[int, int]:
        found = ours.get(f"{MAIN}/deletion_limit")
        return found["percent"], found["connections"]

    delegate("configure_integration", "sync_integration")
    theirs = program(cast.org_member)
    for body in ({"percent": 100, "connections": 1000}, {"percent": 21}, {"percent": 1, "connections": 6}):
        why = problem(theirs("PATCH", f"{MAIN}/deletion_limit", body), 403)
        assert "lower the deletion limit, and not raise it. To approve or discard what a sync would remove" in why
    assert limit() == (20, 5)
    assert theirs("PATCH", f"{MAIN}/deletion_limit", {"percent": 10, "connections": 5}).status_code == 200
    assert limit() == (10, 5)
    delegate("approve_removals")
    assert theirs("PATCH", f"{MAIN}/deletion_limit", {"percent": 100, "connections": 1000}).status_code == 200
    assert limit() == (100, 1000)


def test_health_is_counted_and_told_and_tested(ours: Program, synced: Synced, cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        there = Connection.objects.filter(root=synced.integration.root_folder_id)
        now = synced.integration.created_at
        Integration.objects.update(role_name="pipes-connection")
        there.filter(handle="dev").update(health=Health.FAILING, health_reason="No such role.", health_tested_at=now)
    counted = ours.get(f"{MAIN}/health")
    assert (counted["failing"], counted["healthy"], counted["management_account"]) == (1, 0, "untested")
    told = ours.get("/org/tnt/connection/dev/health")
    assert (told["state"], told["reason"], "test" in told) == ("failing", "No such role.", False)
    assert ours("POST", f"{MAIN}/health/test").json() == {"connections": 1}
    begun = ours("POST", "/org/tnt/connection/dev/health/test")
    assert (begun.status_code, begun.json()["test"]["state"]) == (201, "pending")
    with isolation.as_tenant(cast.acme.pk):
        test = AccessTest.objects.get(kind=AccessTest.Kind.CONNECTION)
    tests_run.run(cast.acme.pk, test.pk, retries=QUICK)
    over = ours.get("/org/tnt/connection/dev/health")["test"]
    assert over["state"] == "failed"
    assert [one["is_green"] for one in over["accounts"]] == [False]
    # One made by hand is tested by itself.
    assert ours("POST", "/org/tnt/connection", {"handle": "alone", "plugin": "aws"}).status_code == 201
    alone = ours("POST", "/org/tnt/connection/alone/health/test").json()
    assert (alone["state"], alone["test"]["state"]) == ("disabled", "pending")
