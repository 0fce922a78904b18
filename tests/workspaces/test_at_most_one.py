"""Rows that are found by something unique."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import Cast
from workspaces.database import at_most_one
from workspaces.models import User


def test_it_is_the_row_or_none(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert at_most_one(User.objects.filter(handle="reader")) == cast.reader
        assert at_most_one(User.objects.filter(handle="nobody")) is None
        assert at_most_one(User.objects.filter(pk=cast.reader.pk).values_list("handle", flat=True)) == "reader"
    assert not any("ORDER BY" in statement["sql"] for statement in asked)


@pytest.mark.usefixtures("cast")
def test_what_is_not_unique_after_all_is_a_bug() -> None:
    with pytest.raises(User.MultipleObjectsReturned):
        at_most_one(User.objects.all())
