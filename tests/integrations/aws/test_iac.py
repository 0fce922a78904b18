"""The setup files for AWS, as text: the golden files, what they allow, and what is in none of them.

The expected files are in ``tests/golden``. After an intended change write them anew, then read the difference:
``PIPES_UPDATE_GOLDEN=1 pytest tests/integrations/aws/test_iac.py``.
"""

import os
from pathlib import Path

import pytest
from botocore.session import get_session

from integrations.aws import iac
from tests.integrations.aws.made_files import DISCOVERY, ENDPOINT, EVERYTHING, GOVERNMENT, MEMBER, changed, handouts

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


@pytest.mark.parametrize("name", sorted(handouts()))
def test_a_hand_out_is_the_golden_file_byte_by_byte(name: str) -> None:
    text = handouts()[name]
    if os.environ.get("PIPES_UPDATE_GOLDEN") == "1":
        (GOLDEN / name).write_bytes(text.encode())
    assert text.encode() == (GOLDEN / name).read_bytes()


def test_no_placeholder_is_left_in_any_hand_out() -> None:
    assert not [name for name, text in handouts().items() if "@@" in text]


# Least privilege


def test_every_action_is_a_read_only_operation_of_organizations() -> None:
    operations = get_session().get_service_model("organizations").operation_names
    for action in iac.ACTIONS:
        service, _, operation = action.partition(":")
        assert service == "organizations"
        assert operation in operations
        assert operation.startswith(("Describe", "List"))


# Partitions


def test_nothing_but_the_principal_names_a_partition_in_a_template() -> None:
    for text in (iac.discovery_cloudformation(**GOVERNMENT), iac.member_stackset(**GOVERNMENT, targets=None)):
        assert "arn:aws:" not in text
        assert text.count("arn:aws-us-gov:") == 1


def test_another_partition_gets_its_own_arns_and_region() -> None:
    assert '"us-gov-west-1"' in iac.discovery_terraform(**GOVERNMENT)
    assert iac.MemberPolicy().arn("aws-us-gov") == "arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess"


def test_china_has_no_stack_set_and_the_refusal_says_what_to_do_instead() -> None:
    china = changed(MEMBER, partition="aws-cn", principal_arn="arn:aws-cn:iam::111122223333:role/pipes")
    with pytest.raises(iac.StackSetUnavailableError, match="Manual Setup"):
        iac.member_stackset(**china, targets=EVERYTHING)
    assert iac.member_steps(**china)[-2].to_copy == "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"


# Refusals

BAD_VALUES = {
    "partition": ["", "aws-xx", "aws\n", "aws-us-gov"],
    "role_name": ["", "a" * 65, 'a"b', "a\nb", "a\n", "a b", "a/b", "a${b}", "a@@b;", "rôle", "!Ref X", "*"],
    "external_id": [
        "",
        "*",
        "o_3f9c:short",
        f"x_3f9c:{'a' * 26}",
        f"o_3f9c:{'A' * 26}",
        f"o_3f9c:{'a' * 26}\n",
        f'o_"3f:{"a" * 26}',
    ],
    "principal_arn": [
        "",
        "*",
        "111122223333",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::111122223333:role/a\n",
        'arn:aws:iam::111122223333:role/a"',
        "arn:aws:iam::111122223333:role/${a}",
        "arn:aws:sts::111122223333:assumed-role/a/b",
        "arn:aws-us-gov:iam::111122223333:role/pipes",
    ],
}


@pytest.mark.parametrize(("field", "bad"), [(field, bad) for field, values in BAD_VALUES.items() for bad in values])
def test_a_value_that_cannot_be_right_gets_into_no_file(field: str, bad: str) -> None:
    values = changed(DISCOVERY, **{field: bad})
    for make in (iac.discovery_terraform, iac.discovery_cloudformation, iac.discovery_steps, iac.member_steps):
        with pytest.raises(ValueError, match=r"\.$"):
            make(**values)
    with pytest.raises(ValueError, match=r"\.$"):
        iac.member_stackset(**values, targets=None)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "pipes.example.com",
        f"{ENDPOINT}x",
        f"{ENDPOINT}\n",
        ENDPOINT.replace("/events", '"/events'),
        "ftp" + ENDPOINT,
    ],
)
def test_an_address_that_was_not_made_here_gets_into_no_file(bad: str) -> None:
    with pytest.raises(ValueError, match="not one that was made here"):
        iac.events_cloudformation(partition="aws", endpoint=bad, key_header="X-Pipes-Key")


@pytest.mark.parametrize(
    "bad", ["", "r-a", "r-ab12\n", 'r-ab12"', "ou-ab12", "r-AB12", "123456789012", "r-ab12,r-ab12"]
)
def test_a_target_that_is_no_root_and_no_organizational_unit_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="organizational unit"):
        iac.member_stackset(**MEMBER, targets=iac.Targets(bad, (bad,)))
