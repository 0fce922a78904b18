"""Names that AWS cannot have given are refused with a sentence, without asking AWS."""

import re

import pytest

from integrations.aws.external_id import new_external_id
from integrations.aws.identifiers import (
    RoleArn,
    check_access_key_id,
    check_role_arn,
    check_role_name,
    check_secret_access_key,
    member_role_arn,
    session_name,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("arn:aws:iam::012345678901:role/Pipes", RoleArn("aws", "012345678901", "", "Pipes")),
        (
            "arn:aws-us-gov:iam::123456789012:role/a/b/N+=,.@_-1",
            RoleArn("aws-us-gov", "123456789012", "a/b/", "N+=,.@_-1"),
        ),
        ("arn:aws-eusc:iam::123456789012:role/x", RoleArn("aws-eusc", "123456789012", "", "x")),
    ],
)
def test_a_role_arn_is_taken_apart_and_put_together_again(text: str, parts: RoleArn) -> None:
    assert check_role_arn(text) == parts
    assert str(parts) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not an ARN"),
        ("Pipes", "not an ARN"),
        ("arn", "not an ARN"),
        ("arn:aws", "not an ARN"),
        ("arn:gcp:iam::123456789012:role/x", "no partition 'gcp'"),
        ("arn:aws:iam::123456789012:user/x", "not that of an IAM role"),
        ("arn:aws:sts::123456789012:assumed-role/x/y", "not that of an IAM role"),
        ("arn:aws:iam:us-east-1:123456789012:role/x", "not that of an IAM role"),
        ("arn:aws:iam::12345678901:role/x", "exactly 12 digits, not '12345678901'"),
        ("arn:aws:iam::*:role/x", "exactly 12 digits"),
        ("arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/x", "exactly 12 digits"),
        ("arn:aws:iam::123456789012:role/", "not that of an IAM role"),
        ("arn:aws:iam::123456789012:role/a b", "A role name has"),
        ("arn:aws:iam::123456789012:role/x\n", "A role name has"),
        ("arn:aws:iam::123456789012:role/" + "x" * 65, "A role name has"),
        ("arn:aws:iam::123456789012:role/a b/x", "The path of the role"),
        ("arn:aws:iam::123456789012:role//x", "The path of the role"),
        ("arn:aws:iam::123456789012:role/" + "p" * 512 + "/x", "The path of the role"),
        (" arn:aws:iam::123456789012:role/x", "not an ARN"),
    ],
)
def test_what_is_no_role_arn_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        check_role_arn(text)
    assert str(refused.value).endswith(".")


def test_the_role_of_a_member_account_is_at_the_top_path() -> None:
    arn = member_role_arn("aws-cn", "012345678901", "pipes")
    assert arn == "arn:aws-cn:iam::012345678901:role/pipes"
    assert check_role_arn(arn).name == "pipes"


@pytest.mark.parametrize("text", ["", "a b", "a/b", "ä", "x" * 65])
def test_a_role_name_that_iam_does_not_allow_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 letters"):
        check_role_name(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least 16 capital letters"),
        ("AKIA", "at least 16 capital letters"),
        ("akiaaaaaaaaaaaaaaaaa", "at least 16 capital letters"),
        ("AKIAAAAAAAAAAAAAAAAA ", "at least 16 capital letters"),
        ("ASIAAAAAAAAAAAAAAAAA", "temporary access key"),
        ("AROAAAAAAAAAAAAAAAAA", "begins with AKIA"),
    ],
)
def test_an_access_key_that_cannot_be_right_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_access_key_id(text)


def test_a_long_lived_access_key_passes() -> None:
    assert check_access_key_id("AKIAAAAAAAAAAAAAAAA2") == "AKIAAAAAAAAAAAAAAAA2"


@pytest.mark.parametrize("text", ["", "hunter2", "s" * 39, "s" * 41, "s" * 39 + " ", "s" * 39 + "é"])
def test_a_secret_key_that_cannot_be_right_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="exactly 40") as refused:
        check_secret_access_key(text)
    assert not text or text not in str(refused.value)


def test_a_secret_key_of_forty_characters_passes() -> None:
    assert check_secret_access_key("a/+=" * 10) == "a/+=" * 10


@pytest.mark.parametrize(
    ("tenant", "purpose", "name"),
    [
        ("acme", "sync", "pipes-acme-sync"),
        ("Ünder the sea", "test connection", "pipes--nder-the-sea-test-connection"),
        ("t" * 80, "sync", f"pipes-{'t' * 53}-sync"),
        ("acme", "p" * 80, f"pipes-acme-{'p' * 20}"),
    ],
)
def test_a_session_name_is_always_one_that_sts_allows(tenant: str, purpose: str, name: str) -> None:
    assert session_name(tenant, purpose) == name
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII)


def test_an_external_id_holds_the_scope_and_130_random_bits() -> None:
    made = {new_external_id("o_3f9c") for _ in range(2000)}  # enough that no letter is left out by chance
    assert len(made) == 2000
    assert all(re.fullmatch(r"o_3f9c:[a-z2-7]{26}", external_id) for external_id in made)
    assert {external_id[-1] for external_id in made} == set("abcdefghijklmnopqrstuvwxyz234567")
