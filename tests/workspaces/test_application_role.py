"""What ``manage.py migrate`` gives the role that the application runs as."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connections, transaction

from workspaces.management.commands.migrate import grant_application_role, prepare_application_role

pytestmark = pytest.mark.django_db(databases=["default", "owner"], transaction=True)

_SOMEBODY_ELSES = """
    CREATE ROLE pipes_test_neighbour;
    GRANT pipes_test_neighbour TO CURRENT_USER;
    GRANT CREATE ON SCHEMA public TO pipes_test_neighbour;
    CREATE TABLE public.neighbours_table (id integer);
    ALTER TABLE public.neighbours_table OWNER TO pipes_test_neighbour;
    REVOKE pipes_test_neighbour FROM CURRENT_USER
"""


@pytest.fixture
def owner() -> Iterator[Any]:
    """The owner's connection, whose changes are undone."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        yield cursor
        transaction.set_rollback(True, using="owner")


def test_a_table_of_another_role_in_the_schema_is_left_alone(owner: Any) -> None:
    for statement in _SOMEBODY_ELSES.split(";"):
        owner.execute(statement)
    grant_application_role("owner")


def test_every_table_and_sequence_of_ours_is_granted(owner: Any) -> None:
    owner.execute('CREATE TABLE public."Odd name" (id bigserial)')
    grant_application_role("owner")
    role = connections["default"].settings_dict["USER"]
    owner.execute("SELECT has_table_privilege(%s, 'public.\"Odd name\"', 'DELETE')", [role])
    assert owner.fetchone() == (True,)
    owner.execute("SELECT has_sequence_privilege(%s, 'public.\"Odd name_id_seq\"', 'USAGE')", [role])
    assert owner.fetchone() == (True,)


def test_a_password_that_was_changed_is_set_and_not_sent(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []

    def listen(execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
        statements.append(sql if isinstance(sql, str) else sql.as_string(None))
        return execute(sql, *rest)

    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "a-new-one")
    with connections["owner"].execute_wrapper(listen):
        prepare_application_role("owner")
    (change,) = (each for each in statements if each.startswith("ALTER ROLE"))
    assert "SCRAM-SHA-256$" in change
    assert "a-new-one" not in change


def test_a_table_is_the_application_s_to_use_from_the_moment_that_it_is_made(owner: Any) -> None:
    prepare_application_role("owner")
    owner.execute("CREATE TABLE made_by_a_migration (id bigserial)")
    role = connections["default"].settings_dict["USER"]
    owner.execute("SELECT has_table_privilege(%s, 'made_by_a_migration', 'SELECT')", [role])
    assert owner.fetchone() == (True,)
