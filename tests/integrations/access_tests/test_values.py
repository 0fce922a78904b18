"""What rows keep as JSON reads as the version before wrote it, and is written as that version reads it."""

from typing import Any

import pytest

from integrations.models.access_test_values import Instead, Report
from integrations.planning.selection_tree import SelectionFacts

WHO = {
    "account_id": "123456789012",
    "arn": "arn:aws:iam::123456789012:user/pipes",
    "organization_id": "o-aaaaaaaaaa",
    "management_account_id": "123456789012",
    "partition": "aws",
}
ACCOUNT = {"id": "210987654321", "name": ""}
RESULT = {
    "account_id": "210987654321",
    "role_arn": "arn:aws:iam::210987654321:role/pipes-connection",
    "is_green": False,
    "sentence": "AWS refused.",
    "name": "",
}
REPORTS: dict[str, dict[str, Any]] = {
    "not begun": {},
    "superseded": {"sentence": "A newer test took the place of this one.", "code": "Superseded"},
    "reading": {"phase": "Reading", "who": WHO, "folders": 0, "accounts": 3, "calls": 5},
    "read": {
        "phase": "Reading",
        "who": WHO,
        "folders": 0,
        "accounts": 1,
        "calls": 5,
        "root_id": "r-root",
        "sample": [ACCOUNT],
    },
    "begun to try": {"phase": "Assuming the role", "tried": 1, "results": []},
    "tried": {"phase": "Assuming the role", "tried": 1, "results": [RESULT], "sentence": "None.", "code": "MemberRole"},
}
INSTEADS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a role": {"role_name": "pipes", "connection_external_id": "pipes:1"},
    "an account by hand": {"discovery_external_id": "pipes:2", "options": {"regions": ["*"]}},
    "a connection": {"integration": "uid", "partition": "aws", "accounts": [ACCOUNT], "options": {"regions": ["*"]}},
}


def plain(value: object) -> object:
    """Give it as JSON has it: lists are lists."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("stored", REPORTS.values(), ids=REPORTS)
def test_a_report_is_written_as_it_was_read(stored: dict[str, Any]) -> None:
    assert plain(Report.from_json(stored).to_json()) == stored


@pytest.mark.parametrize("stored", INSTEADS.values(), ids=INSTEADS)
def test_what_is_tested_instead_is_written_as_it_was_read(stored: dict[str, Any]) -> None:
    assert plain(Instead.from_json(stored).to_json()) == stored


@pytest.mark.parametrize("stored", [{}, {"accounts": 3, "mirrored": 2, "named": {"ou-root-1": ["Sandbox", 1]}}])
def test_the_facts_of_a_selection_are_written_as_they_were_read(stored: dict[str, Any]) -> None:
    facts = SelectionFacts.from_json(stored)
    assert (facts.to_json() if facts else {}) == stored


def test_what_another_version_adds_is_passed_over_and_what_it_leaves_out_is_not_known() -> None:
    report = Report.from_json({"who": {"partition": "aws-cn", "pets": 1}, "speed": 3})
    assert (report.signed_in.partition, report.signed_in.arn, report.folders) == ("aws-cn", "", None)
    assert Instead.from_json({"mood": "good", "role_name": "only half of it"}) == Instead()
