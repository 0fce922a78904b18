"""``where``: what can be asked, and that nothing else can."""

from typing import Any

import pytest
from django.db.models import Value

from tests.conftest import Cast
from workspaces import isolation
from workspaces.api.problems import ProblemError
from workspaces.api.where import Column, Kind, filtered
from workspaces.models import AuditEvent, Workspace

COLUMNS = {
    "handle": Column("handle"),
    "version_id": Column("version", Kind.NUMBER),
    "created_at": Column("created_at", Kind.TIME),
    "nothing": Column(Value(None, output_field=Workspace._meta.get_field("name"))),
}


def found(where: str, cast: Cast) -> set[str]:
    with isolation.as_tenant(cast.acme.pk):
        return {one.handle for one in filtered(Workspace.objects.all(), where, COLUMNS)}


ALL = {"fireworks", "rockets", "pager"}


@pytest.mark.parametrize(
    ("where", "handles"),
    [
        ("", ALL),
        ("  ", ALL),
        ("handle = 'pager'", {"pager"}),
        ("HANDLE='pager'", {"pager"}),
        ("handle != 'pager'", {"fireworks", "rockets"}),
        ("handle <> 'pager' and handle not in ('rockets')", {"fireworks"}),
        ("handle in ('pager', 'rockets')", {"pager", "rockets"}),
        ("handle like '%rock%'", {"rockets"}),
        ("handle like 'ROCK%'", set()),
        ("handle ilike 'ROCK%'", {"rockets"}),
        ("handle not like '%e%'", set()),
        ("handle Not  ILike 'PAG__'", {"fireworks", "rockets"}),
        ("not handle = 'pager' or handle = 'pager'", ALL),
        ("handle = 'a' or handle = 'pager' and version_id = 2", set()),
        ("(handle = 'a' or handle = 'pager') and version_id = 1", {"pager"}),
        ("version_id >= 1 and version_id < 2", ALL),
        ("created_at > now() - interval '1 hour'", ALL),
        ("created_at < now() - interval '2 days'", set()),
        ("created_at <= '2100-01-02T03:04:05Z'", ALL),
        ("created_at <= '2100-01-02 15:04:05.00000'", ALL),
        ("created_at < '2001-01-02'", set()),
        ("created_at > '2001-01-02T00:00:00+20:00'", ALL),
        ("nothing is null", ALL),
        ("nothing is not null", set()),
        ("nothing != 'x'", set()),
        ("handle = 'it''s' or handle = '\" or 1=1 --'", set()),
    ],
)
def test_what_is_asked_is_found(where: str, handles: set[str], cast: Cast) -> None:
    assert found(where, cast) == handles


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("handle", "cannot be read"),
        ("handle = ", "cannot be read"),
        ("handle = 'a", "cannot be read from character 10"),
        ('handle = "a"', "cannot be read"),
        ("handle = 'a'; drop table users", "cannot be read"),
        ("handle = (select 1)", "cannot be read"),
        ("1 = 1", "cannot be read"),
        ("password = 'x'", "There is no column password. There are: created_at, handle"),
        ("handle = 5", "handle is compared with a text"),
        ("version_id = '5'", "version_id is compared with a whole number"),
        ("version_id = true", "version_id is compared with a whole number"),
        ("created_at > 'yesterday'", "'yesterday' is no time"),
        ("created_at > now() - interval 'long'", "An interval is written as '2 days'"),
        ("handle like 'a\\'", "single backslash"),
        ("version_id like 'a'", "holds no text"),
        ("handle ->> 'a' = 'b'", "handle is compared with"),
        ("(" * 2000 + "handle = 'a'" + ")" * 2000, "nested 20 times at most"),
        ("not " * 1000 + "handle = 'a'", "nested 20 times at most"),
        (" or ".join(["handle = 'a'"] * 31), "30 parts at most"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(where: str, said: str, cast: Cast) -> None:
    with pytest.raises(ProblemError) as refused:
        found(where, cast)
    assert said in refused.value.detail
    assert [at for at, _ in refused.value.fields] == ["where"]


def test_a_key_of_a_map_is_compared(cast: Cast) -> None:
    columns: dict[str, Any] = {"data": Column("details", Kind.MAP)}
    with isolation.as_tenant(cast.acme.pk):
        events = AuditEvent.objects.filter(tenant_id=cast.acme.pk)
        AuditEvent.objects.create(
            tenant_id=cast.acme.pk, actor="x", action="a.b", object_kind="k", object_id="1", details={"last4": "abcd"}
        )
        assert filtered(events, "data ->> 'last4' = 'abcd'", columns).count() == 1
        assert filtered(events, "data ->> 'last4' = 'other'", columns).count() == 0


def test_an_interval_before_all_times_is_the_first(cast: Cast) -> None:
    assert found("created_at > now() - interval '999999 years'", cast) == ALL
