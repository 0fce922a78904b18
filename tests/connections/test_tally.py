"""How many connections there are, as triggers keep it: the same as a recount, whatever is written and by whom."""

from collections.abc import Callable
from importlib import import_module
from itertools import count

import pytest
from django.db import connection as database
from django.db import connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connections import deletion
from connections.models import Connection, Folder, Tally
from tests import factories
from tests.conftest import Cast, make_cast
from tests.tallied import miscounted
from tests.threads import at_once
from workspaces import isolation
from workspaces.access import Scope

STATES, HEALTHS = ("active", "suspended"), ("untested", "healthy", "failing")
ACTS = ("make", "state", "health", "move", "remove", "return", "delete", "give up", "hide", "delete folder")
_numbers = count(1)
histories = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 99), st.integers(0, 99)), max_size=25)


@pytest.fixture
def committed(transactional_db: None) -> Cast:
    """The cast, committed."""
    return make_cast()


def make(scope: Scope, around: Folder | None, number: int) -> None:
    Connection.objects.bulk_create(
        Connection(**scope.keys, folder=around, handle=f"made_{next(_numbers)}") for _ in range(number)
    )


def act(scope: Scope, kind: str, one: int, other: int) -> None:
    """Write to some of what there is; the numbers choose which."""
    folders = [*Folder.objects.filter(removed_at=None, **scope.keys).order_by("pk"), None]
    around, to = folders[one % len(folders)], folders[other % len(folders)]
    some = Connection.objects.filter(folder=around, **scope.keys)
    now, state, health = timezone.now(), STATES[other % 2], HEALTHS[other % 3]

    def give_up() -> None:
        with transaction.atomic():
            some.update(folder=to, state=state)
            transaction.set_rollback(True)

    def hide() -> None:
        if around:
            deletion.hide_tree(around, now=now)

    def delete() -> None:
        if around:
            deletion.delete_tree(around)

    acts: dict[str, Callable[[], object]] = {
        "make": lambda: make(scope, around, other % 4),
        "state": lambda: some.update(state=state),
        "health": lambda: some.filter(pk__gt=other).update(health=health, health_tested_at=now),
        "move": lambda: some.update(folder=to),
        "remove": lambda: some.update(removed_at=now),
        "return": lambda: some.update(removed_at=None),
        "delete": lambda: some.filter(pk__in=[*some.values_list("pk", flat=True)[: other % 3]]).delete(),
        "give up": give_up,
        "hide": hide,
        "delete folder": delete,
    }
    acts[kind]()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories)
def test_after_any_history_it_is_a_recount(cast: Cast, history: list[tuple[str, int, int]]) -> None:
    with isolation.as_tenant(cast.acme.pk), transaction.atomic():
        outer = factories.folder(cast.at_org, "Outer")
        for around in (outer, factories.folder(cast.at_org, "Inner", parent=outer), None):
            make(cast.at_org, around, 3)
        for each in history:
            act(cast.at_org, *each)
            assert miscounted() == []
        assert all(row.number > 0 for row in Tally.objects.all())
        transaction.set_rollback(True)


def test_what_goes_with_its_place_is_not_counted_any_more(cast: Cast) -> None:
    place = Scope(cast.acme, cast.tnt, cast.fireworks)
    with isolation.as_tenant(cast.acme.pk):
        for scope in (cast.at_org, place):
            make(scope, factories.folder(scope, "Around"), 2)
            make(scope, None, 2)
        assert miscounted() == []
        deletion._delete_owned(place)
        assert sum(Tally.objects.values_list("number", flat=True)) == 4
        deletion._delete_owned(cast.at_org)
        assert not Tally.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_transactions_at_once_lose_nothing_and_do_not_wait(committed: Cast) -> None:
    def bound(work: Callable[[], object]) -> None:
        with isolation.as_tenant(committed.acme.pk), database.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            work()

    with isolation.as_tenant(committed.acme.pk):
        around = factories.folder(committed.at_org, "Around")
        make(committed.at_org, around, 4)
        first, second, *_ = Connection.objects.filter(folder=around).order_by("pk")
    with isolation.as_tenant(committed.acme.pk):
        Connection.objects.filter(pk=first.pk).update(state="suspended")
        make(committed.at_org, around, 2)
        at_once(
            lambda: bound(lambda: Connection.objects.filter(pk=second.pk).update(state="suspended")),
            lambda: bound(lambda: make(committed.at_org, around, 3)),
        )
        assert miscounted() == []
    with isolation.as_tenant(committed.acme.pk):
        assert miscounted() == []
        make(committed.at_org, around, 1)
        Connection.objects.filter(pk=first.pk).update(title="Else")
        Connection.objects.filter(state="suspended").update(health_due_at=timezone.now())
        assert miscounted() == []
        assert {(row.state, row.number) for row in Tally.objects.filter(state="active")} == {("active", 8)}


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_was_there_before_is_counted_once_however_often_that_is_tried(committed: Cast) -> None:
    before = import_module("connections.migrations.0015_tallied")._BEFORE
    with isolation.as_tenant(committed.acme.pk):
        around = factories.folder(committed.at_org, "Around")
        make(committed.at_org, around, 4)
    with connections["owner"].cursor() as owner:
        owner.execute("DELETE FROM connections_tally")
        with isolation.as_tenant(committed.acme.pk):
            make(committed.at_org, around, 1)
            Connection.objects.all()[0].delete()
        for _ in range(2):
            owner.execute(before)
            with isolation.as_tenant(committed.acme.pk):
                assert miscounted() == []


def test_many_rows_are_counted_in_a_session_that_has_written_single_ones_first(cast: Cast) -> None:
    """PostgreSQL keeps the plan of a trigger's statement as it was made for the first rows."""
    with isolation.as_tenant(cast.acme.pk), database.cursor() as cursor:
        around = factories.folder(cast.at_org, "Around")
        make(cast.at_org, around, 1)
        Connection.objects.update(title="One")
        cursor.execute(
            """
            INSERT INTO connections_connection (tenant_id, organization_id, folder_id, handle, title, source_id, plugin,
                state, is_managed, is_handle_static, options, created_at)
            SELECT %s, %s, %s, 'many_' || number, '', '', 'aws', 'active', false, false, '{}', now()
            FROM generate_series(1, 10000) number
            """,
            [cast.acme.pk, cast.tnt.pk, around.pk],
        )
        cursor.execute("SET LOCAL statement_timeout = '20s'")
        Connection.objects.update(title="Many")
        assert miscounted() == []


def test_only_triggers_write_it_and_only_its_tenant_reads_it(cast: Cast) -> None:
    with isolation.as_tenant(cast.acme.pk):
        make(cast.at_org, None, 1)
        assert Tally.objects.get().number == 1
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            Tally.objects.update(number=2)
    with isolation.as_tenant(cast.globex.pk):
        assert not Tally.objects.exists()
