"""What a test means, and when the next one is due: pure."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.models import Health
from integrations.aws import errors
from integrations.aws.errors import AwsError
from integrations.health.policy import Finding, Kind, Standing, decide, judge
from integrations.health.schedule import DAY, YOUNG, next_daily

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=3)
WORKS, FAILS, UNKNOWN = Finding(Kind.WORKS), Finding(Kind.FAILS, "Mend it."), Finding(Kind.UNKNOWN, "Throttled.")
HEALTHY = Standing(Health.HEALTHY, LONG_AGO, "", NOW - DAY)
FAILING = Standing(Health.FAILING, NOW - timedelta(hours=1), "It was so.", NOW - timedelta(minutes=30))


def after(seen: Standing, finding: Finding, now: datetime = NOW) -> Standing:
    return decide(seen, finding, connection_id=7, now=now)


def error(kind: type[AwsError], operation: str = "AssumeRole") -> AwsError:
    return kind("What to do.", operation=operation, code="Code")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (None, Kind.WORKS),
        (error(errors.AccessDenied), Kind.FAILS),
        (error(errors.RoleTooOpen), Kind.FAILS),
        (error(errors.Refused), Kind.FAILS),
        (error(errors.InvalidCredentials, "GetCallerIdentity"), Kind.FAILS),
        (error(errors.OwnFault), Kind.UNKNOWN),
        (error(errors.ClockWrong), Kind.UNKNOWN),
        (error(errors.ExpiredCredentials), Kind.UNKNOWN),
        (error(errors.NoPrincipal), Kind.UNKNOWN),
        (error(errors.Throttled), Kind.UNKNOWN),
        (error(errors.Unreachable), Kind.UNKNOWN),
        (error(errors.ServiceFault), Kind.UNKNOWN),
        (error(errors.IncompleteAnswer), Kind.UNKNOWN),
        (error(errors.UnexpectedAnswer, "GetCallerIdentity"), Kind.UNKNOWN),
        (error(errors.TimedOut), Kind.UNKNOWN),
    ],
)
def test_only_what_is_about_the_account_is_held_against_it(given: AwsError | None, kind: Kind) -> None:
    assert judge(given).kind == kind


def test_a_refusal_says_where_the_role_comes_from_and_of_the_management_account_that_no_stackset_makes_it() -> None:
    denied = error(errors.AccessDenied)
    assert "have the StackSet that makes the role" in judge(denied).sentence
    of_management = judge(denied, is_management=True).sentence
    assert of_management.startswith("This is the management account, which a StackSet never covers")
    assert "Launch the template from the Connection Settings" in of_management
    assert judge(denied, is_managed=False).sentence == "What to do."


def test_what_works_is_healthy_and_tested_again_within_a_day() -> None:
    for seen in (HEALTHY, FAILING, Standing(Health.UNTESTED, LONG_AGO, "Throttled.")):
        found = after(seen, WORKS)
        assert (found.health, found.reason, found.tested_at) == (Health.HEALTHY, "", NOW)
        assert found.changed_at == (LONG_AGO if seen is HEALTHY else NOW)
        assert found.due_at is not None
        assert NOW < found.due_at <= NOW + DAY


def test_what_fails_is_tested_again_soon_and_then_less_and_less_often() -> None:
    standing, now, waits = HEALTHY, NOW, []
    for _ in range(9):
        standing = after(standing, FAILS, now)
        assert (standing.health, standing.changed_at, standing.reason) == (Health.FAILING, NOW, "Mend it.")
        assert standing.due_at is not None
        waits.append((standing.due_at - now) / timedelta(minutes=1))
        now = standing.due_at
    assert waits == [5, 5, 10, 20, 40, 80, 160, 240, 240]


@pytest.mark.parametrize("seen", [HEALTHY, FAILING, Standing(Health.UNTESTED, LONG_AGO)])
def test_what_says_nothing_about_the_connection_changes_nothing_but_the_next_time(seen: Standing) -> None:
    found = after(seen, UNKNOWN)
    assert (found.health, found.changed_at, found.tested_at) == (seen.health, seen.changed_at, seen.tested_at)
    assert found.reason == ("Throttled." if seen.health == Health.UNTESTED else seen.reason)
    assert found.due_at == NOW + timedelta(minutes=15)


def test_a_role_that_has_just_been_made_gets_some_minutes_before_a_refusal_counts() -> None:
    denied = Finding(Kind.FAILS, "Mend it.", may_pass=True)
    fresh = Standing(Health.UNTESTED, NOW - timedelta(seconds=30))
    found = after(fresh, denied)
    assert (found.health, found.reason) == (Health.UNTESTED, "Mend it.")
    assert found.due_at == NOW + timedelta(minutes=1)
    assert after(found, denied, fresh.changed_at + YOUNG).health == Health.FAILING
    assert after(fresh, FAILS).health == Health.FAILING, "an open role will not close by itself"
    was_healthy = Standing(Health.HEALTHY, NOW - timedelta(seconds=30), "", NOW - timedelta(seconds=30))
    assert after(was_healthy, denied).health == Health.FAILING


def test_what_cannot_be_tested_yet_says_so_and_is_looked_at_daily() -> None:
    found = after(Standing(Health.UNTESTED, LONG_AGO), Finding(Kind.UNTESTABLE, "Enter it."))
    assert (found.health, found.reason, found.due_at) == (Health.UNTESTED, "Enter it.", next_daily(7, NOW))


@pytest.mark.parametrize("number", [100, 10_000])
@pytest.mark.parametrize("step", [1, 7])
def test_the_tests_of_any_number_are_spread_evenly_over_the_day(number: int, step: int) -> None:
    hours = [0] * 24
    for pk in range(5_000, 5_000 + number * step, step):
        hours[next_daily(pk, NOW).hour] += 1
    assert max(hours) <= number / 24 * 1.6
    assert min(hours) >= number / 24 * 0.4


@given(st.integers(1, 2**40), st.timedeltas(timedelta(days=-900), timedelta(days=9_000)))
def test_each_connection_has_a_time_of_day_of_its_own(pk: int, past: timedelta) -> None:
    now = NOW + past
    due_at = next_daily(pk, now)
    assert now < due_at <= now + DAY
    assert next_daily(pk, due_at) == due_at + DAY
