"""What is remembered of a tenant, by the marks that every change leaves; all of it committed, as it is in life."""

import re
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from connections.models import Aggregator, Connection, Folder, Grant, Schema
from tests import factories
from tests.conftest import Cast, make_cast
from tests.threads import at_once
from workspaces import isolation
from workspaces.access import Scope
from workspaces.models import Workspace
from workspaces.web import remembered

pytestmark = pytest.mark.django_db(transaction=True)

# What tests of access and syncs write of a connection, and no page counts, searches or sorts by.
NOT_WATCHED = {
    "id",
    "tenant",  # never changes, nor does the next
    *("public_id", "created_at", "created_by", "updated_at", "updated_by", "version"),  # programs alone are told
    "email",
    "joined_at",
    "health_reason",
    "health_changed_at",
    "health_tested_at",
    "health_due_at",
}


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The cast, committed."""
    return make_cast()


@pytest.fixture
def account(cast: Cast) -> Connection:
    with isolation.as_tenant(cast.acme.pk):
        return factories.connection(cast.at_org, "One", folder=factories.folder(cast.at_org, "Around"))


def marks(cast: Cast) -> str | None:
    with isolation.as_tenant(cast.acme.pk):
        return remembered.read_marks(cast.acme.pk)


def test_each_change_of_what_pages_count_leaves_other_marks(cast: Cast, account: Connection) -> None:
    around, place = account.folder, Scope(cast.acme, cast.tnt, cast.fireworks)
    assert around is not None
    mine = Connection.objects.filter(pk=account.pk)
    acts: list[Callable[[], object]] = [
        lambda: mine.update(title="Two"),
        lambda: mine.update(health="failing", health_tested_at=Now()),
        lambda: mine.update(state="suspended"),
        lambda: mine.update(removed_at=Now()),
        lambda: mine.update(removed_at=None),
        lambda: mine.update(options={"regions": ["eu-*"]}),
        lambda: Folder.objects.filter(pk=around.pk).update(title="Else"),
        lambda: Grant.objects.create(**cast.at_org.keys, folder=around),
        lambda: Schema.objects.create(**place.keys, folder=around),
        lambda: Schema.objects.update(lost_at=Now()),
        lambda: Schema.objects.all().delete(),
        lambda: Grant.objects.all().delete(),
        lambda: Aggregator.objects.create(**place.keys, handle="some", patterns=["a*"]),
        lambda: Aggregator.objects.all().delete(),
        lambda: Workspace.objects.filter(pk=cast.fireworks.pk).update(search_path_prefix=["one"]),
        lambda: mine.delete(),
        lambda: Folder.objects.filter(pk=around.pk).delete(),
    ]
    seen = [marks(cast)]
    for act in acts:
        with isolation.as_tenant(cast.acme.pk):
            act()
        seen.append(marks(cast))
    assert None not in seen
    assert len(set(seen)) == len(acts) + 1
    assert len(str(seen[-1])) == 36  # each took away the one before
    with isolation.as_tenant(cast.globex.pk):
        assert str(remembered.read_marks(cast.globex.pk)) not in str(seen)


def test_a_test_of_access_that_finds_nothing_new_changes_no_mark(cast: Cast, account: Connection) -> None:
    before = marks(cast)
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk=account.pk).update(
            health=F("health"),
            health_due_at=Now(),
            health_tested_at=Now(),
            health_reason="As before",
            email="a@b.example",
        )
        Connection.objects.filter(pk=0).update(title="Nobody")
    assert marks(cast) == before


def test_every_column_of_a_connection_is_watched_or_known_not_to_be() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'note_changes_of_connections'")
        (source,) = cursor.fetchone()
    watched = set(re.findall(r"changed\.(\w+)", source.partition("WHERE")[2]))
    assert {field.name for field in Connection._meta.concrete_fields if field.column not in watched} == NOT_WATCHED


def meanwhile(cast: Cast) -> None:
    """Make a folder, and wait for nobody."""
    with isolation.as_tenant(cast.acme.pk), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
        factories.folder(cast.at_org, "Meanwhile")


def test_marks_are_others_after_each_of_two_changes_at_once_and_neither_waits(cast: Cast, account: Connection) -> None:
    seen = [marks(cast)]
    with isolation.as_tenant(cast.acme.pk):
        Connection.objects.filter(pk=account.pk).update(title="Two")
        assert remembered.read_marks(cast.acme.pk) is None  # its own change: nothing is found or kept

        at_once(lambda: meanwhile(cast))
        seen += at_once(lambda: marks(cast))
    seen.append(marks(cast))
    assert len(set(seen)) == 3


def test_what_is_undone_leaves_the_marks_as_they_were(cast: Cast, account: Connection) -> None:
    before = marks(cast)
    with isolation.as_tenant(cast.acme.pk):
        with transaction.atomic():
            Connection.objects.filter(pk=account.pk).update(title="Two")
            transaction.set_rollback(True)
        assert remembered.read_marks(cast.acme.pk) == before
    assert marks(cast) == before


def test_nothing_is_kept_without_marks_or_for_another_tenant() -> None:
    asked = iter(range(9))
    with remembered.under(7, "one"):
        assert [remembered.remember(lambda: next(asked), "x") for _ in range(2)] == [0, 0]
    with remembered.under(8, "one"):
        assert remembered.remember(lambda: next(asked), "x") == 1
    with remembered.under(7, None):
        assert [remembered.remember(lambda: next(asked), "x") for _ in range(2)] == [2, 3]
    with remembered.under(7, "one"):
        assert remembered.remember(lambda: next(asked), "x") == 0
