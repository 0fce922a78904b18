import pytest

from tests.statements import Noted, shape, to_leave_out


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 1 FROM a WHERE id = 12 LIMIT 21", "SELECT 1 FROM a  WHERE id = 345\n LIMIT 5"),
        ("SELECT 1 FROM a WHERE id IN (%s, %s, %s)", "SELECT 1 FROM a WHERE id IN (%s)"),
        ("INSERT INTO a VALUES (%s, %s), (%s, %s)", "INSERT INTO a VALUES (%s, %s)"),
        ('SAVEPOINT "s140_x3"', 'SAVEPOINT "s99_x12"'),
        ("SELECT 'it''s' FROM a", "SELECT 'b' FROM a"),
    ],
)
def test_what_differs_each_time_makes_no_other_statement(one: str, other: str) -> None:
    assert shape(one) == shape(other)


@pytest.mark.parametrize(
    "other", ["SELECT b FROM c", "SELECT b FROM a WHERE b = %s", "SELECT b FROM a ORDER BY b", "SELECT b FROM a1"]
)
def test_another_statement_is_another(other: str) -> None:
    assert shape("SELECT b FROM a") != shape(other)


def test_each_statement_stays_with_a_test_and_rather_with_a_quick_one() -> None:
    noted = {
        "all of it, in a minute": Noted({"a", "b", "c"}, seconds=60.0),
        "quick": Noted({"a"}, seconds=0.1),
        "two": Noted({"a", "b"}, seconds=0.1),
        "how another ends": Noted({"a 23505"}, seconds=0.1),
        "nothing": Noted(),
    }
    left_out = to_leave_out(noted, noted)
    assert left_out == {"quick", "nothing"}


def test_what_one_test_alone_shows_stays() -> None:
    assert to_leave_out({"a": Noted({"1"}), "b": Noted({"2"})}, ["a", "b"]) == set()


def test_of_those_that_are_not_asked_about_nothing_is_expected() -> None:
    noted = {name: Noted({"1"}, seconds=float(name == "a")) for name in "abc"}
    assert to_leave_out(noted, ["a", "b"]) == {"a"}  # c is not run, and shows nothing
