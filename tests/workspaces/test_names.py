"""Names that others gave: their direction stays theirs, and an ARN leads to what it names."""

import pytest

from workspaces.names import id_in_arn, isolated


@pytest.mark.parametrize("name", ["Prod", "a <b> & c", ""])
def test_plain_names_stay_as_they_are(name: str) -> None:
    assert isolated(name) == name


def test_a_name_from_right_to_left_turns_nothing_around_it() -> None:
    assert isolated("ייצור") == "\u2068ייצור\u2069"
    assert isolated("a\u202eb\u2069c") == "\u2068abc\u2069"


@pytest.mark.parametrize(
    ("arn", "found"),
    [
        ("arn:aws:iam::123456789012:role/x", "123456789012"),
        ("arn:aws-us-gov:sts::123456789012:assumed-role/x/y", "123456789012"),
        ("arn:aws:organizations::111122223333:account/o-abcdefghij/123456789012", "123456789012"),
        ("arn:aws:organizations::111122223333:ou/o-abcdefghij/ou-ab12-cdefgh34", "ou-ab12-cdefgh34"),
        ("arn:", ""),
        ("arn:aws:s3", ""),
    ],
)
def test_an_arn_names_an_account_or_a_part_of_the_tree(arn: str, found: str) -> None:
    assert id_in_arn(arn) == found
