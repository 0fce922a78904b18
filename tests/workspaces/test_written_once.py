"""Statements that are written once in a process: each answer is that of the query that it stands for."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import BooleanField, Func, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext

from tests.conftest import Cast, make_cast
from tests.threads import at_once
from workspaces import isolation
from workspaces.database import WrittenOnce
from workspaces.models import Membership, Organization


def _memberships(user: int, tenant: int) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user, tenant=tenant).select_related("user", "tenant").order_by("pk")


def _handles(ids: list[int]) -> QuerySet[Organization, tuple[Any, ...]]:
    any_of = {"arg_joiner": " = ANY(", "template": "%(expressions)s::bigint[])", "output_field": BooleanField()}
    return Organization.objects.filter(Func("pk", Value(ids), **any_of)).order_by("pk").values_list("pk", "handle")


def test_it_gives_models_with_what_they_name_and_values(cast: Cast) -> None:
    memberships, handles = WrittenOnce(_memberships, -1, -2), WrittenOnce(_handles, [-1])
    with isolation.as_tenant(cast.acme.pk):
        for person in (cast.tenant_owner, cast.org_member, cast.stranger):
            with CaptureQueriesContext(connection) as asked:
                found = memberships.ask(person.pk, cast.acme.pk)
                told = [(one.pk, one.user.email, one.user.email_preferences, one.tenant.handle) for one in found]
            assert len(asked) == 1
            wanted = _memberships(person.pk, cast.acme.pk)
            assert told == [(one.pk, one.user.email, one.user.email_preferences, one.tenant.handle) for one in wanted]
        for ids in ([cast.tnt.pk], [cast.tnt.pk, cast.ops.pk], [], [cast.globex_org.pk]):
            assert handles.ask(ids) == list(_handles(ids))


@pytest.mark.usefixtures("cast")
def test_it_is_written_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    handles = WrittenOnce(_handles, [-1])
    handles.ask([1])
    monkeypatch.setattr(SQLCompiler, "as_sql", None)
    handles.ask([2])


@pytest.mark.django_db(transaction=True)
def test_threads_that_ask_at_once_get_each_their_own() -> None:
    cast = make_cast()
    memberships = WrittenOnce(_memberships, -1, -2)

    def ask(person: Any) -> set[int]:
        with isolation.as_tenant(cast.acme.pk):
            return {one.user_id for _ in range(20) for one in memberships.ask(person.pk, cast.acme.pk)}

    people = (cast.tenant_owner, cast.org_owner, cast.reader)
    assert at_once(*[lambda person=person: ask(person) for person in people]) == [{person.pk} for person in people]


def test_what_stands_for_nothing_is_a_mistake(cast: Cast) -> None:
    with pytest.raises(ValueError, match=r"\[-3\] stand for nothing"):
        WrittenOnce(lambda user, tenant, _: _memberships(user, tenant), -1, -2, -3).ask(1, 2, 3)
    with pytest.raises(ValueError, match="Give 2 values"):
        WrittenOnce(_memberships, -1, -2).ask(1)
