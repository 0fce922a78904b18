"""The command line changes a running stand-in, in words that somebody at a terminal understands."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integrations.aws import iac
from tests.fakes.aws import sample
from tests.fakes.aws.cli import main
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.fakes.aws.organization import AwsOrganization
from tests.fakes.aws.server import serving
from tests.fakes.aws.standin import StandIn
from tests.fakes.aws.world import load

Run = Callable[..., str]


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    return StandIn(sample.world(), tmp_path / "aws.json")


@pytest.fixture
def acme(stand_in: StandIn) -> AwsOrganization:
    return stand_in.world.organizations[0]


@pytest.fixture
def run(stand_in: StandIn, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    with serving(stand_in) as server:

        def command(*arguments: str, fails: bool = False) -> str:
            assert main(["--endpoint", server.endpoint_url, *arguments]) == int(fails)
            printed = capsys.readouterr()
            return printed.err if fails else printed.out

        yield command


def test_accounts_and_ous_are_changed_by_name(run: Run, stand_in: StandIn, acme: AwsOrganization) -> None:
    assert run("create", "brand-new", "--in", "Commerce").startswith("Created the account brand-new (")
    run("create-ou", "Experiments", "--in", "Sandbox", "--organization", "acme")
    run("move", "brand-new", "Experiments")
    run("rename", "brand-new", "newest")
    run("rename", "Experiments", "Trials")
    account = acme.find_account("newest")
    assert acme.units[account.parent_id].name == "Trials"
    assert "PENDING_CLOSURE" in run("close", "newest")
    assert "CLOSED" in run("close", "newest", "--now")
    assert "ACTIVE" in run("reactivate", "newest")
    run("suspend", "newest")
    assert account.state == "SUSPENDED"
    run("remove", "newest")
    assert account.id not in acme.accounts
    run("delete-ou", "Trials")
    assert stand_in.file is not None
    kept = load(stand_in.file).organizations[0]
    assert {unit.name for unit in kept.units.values()} == {unit.name for unit in acme.units.values()}


def test_an_account_of_the_other_aws_organization_is_found_by_its_name(run: Run, stand_in: StandIn) -> None:
    run("move", "vision", "Robotics")
    labs = stand_in.world.organizations[1]
    assert labs.find_account("vision").parent_id == labs.find_parent("Robotics")


def test_what_cannot_be_done_is_said_and_changes_nothing(run: Run) -> None:
    assert "'nowhere'" in run("move", "dns", "nowhere", fails=True)
    assert "More than one account is called 'recommendations'" in run("suspend", "recommendations", fails=True)
    assert "not empty" in run("delete-ou", "Workloads", fails=True)
    assert "no AWS organization 'x'" in run("create", "a", "--organization", "x", fails=True)
    assert "takes 2 values" in run("faults", "error", "ListAccounts", fails=True)


def test_a_silent_endpoint_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--endpoint", "http://127.0.0.1:9", "tree"]) == 1
    assert "No stand-in for AWS answers on http://127.0.0.1:9" in capsys.readouterr().err


def test_show_prints_keys_and_ids(run: Run, acme: AwsOrganization) -> None:
    shown = json.loads(run("show"))
    assert [item["label"] for item in shown["organizations"]] == ["acme", "labs"]
    assert shown["organizations"][0]["id"] == acme.id
    assert [key["principal"].split("/")[-1] for key in shown["keys"]] == ["pipes-reader"]
    names = [line.split("=")[0] for line in run("show", "--env").splitlines()]
    assert names == ["PIPES_AWS_PRINCIPAL_ARN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]


def test_tree_prints_every_ou_and_account(run: Run, acme: AwsOrganization) -> None:
    tree = run("tree")
    assert all(node in tree for node in (*acme.accounts, *acme.units))
    assert "SUSPENDED" in tree


def test_a_template_is_deployed_from_its_file(run: Run, stand_in: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "pipes.yaml"
    file.write_text(
        """
        Resources:
          Reader:
            Type: AWS::IAM::Role
            Properties:
              RoleName: reader
              AssumeRolePolicyDocument:
                Version: "2012-10-17"
                Statement:
                  - {Effect: Allow, Principal: {AWS: "999999999999"}, Action: "sts:AssumeRole"}
        """
    )
    assert ":role/reader." in run("deploy", str(file))
    labs = stand_in.world.organizations[1].management_account_id
    assert labs in run("deploy", str(file), "--organization", "labs")
    assert "No such file" in run("deploy", str(tmp_path / "missing.yaml"), fails=True)


def test_a_template_that_names_an_ou_is_deployed_in_its_aws_organization(
    run: Run, stand_in: StandIn, tmp_path: Path
) -> None:
    labs = stand_in.world.organizations[1]
    targets = iac.Targets(labs.root_id, (labs.find("Research").id,))
    named = {"principal_arn": VENDOR_ROLE_ARN, "external_id": f"o_1:{'b' * 26}", "role_name": "pipes-member"}
    file = tmp_path / "member.yaml"
    file.write_text(iac.member_stackset(partition="aws", targets=targets, policy=None, **named))
    assert f"arn:aws:iam::{labs.management_account_id}:role/pipes-member" in run("deploy", str(file))


def test_the_template_for_events_is_launched_with_its_key_and_what_is_sent_is_printed(
    run: Run, stand_in: StandIn, tmp_path: Path
) -> None:
    address = "http://127.0.0.1:9/events/0f0f0f0f-1111-4222-8333-444444444444/"
    file = tmp_path / "pipes-events-awsi.yaml"
    file.write_text(iac.events_cloudformation(partition="aws", endpoint=address, key_header="X-Pipes-Key"))
    assert "parameter Key has no default" in run("deploy", str(file), fails=True)
    key = "k" * 43
    assert f"Events of labs go to {address}." in run(
        "deploy", str(file), "--parameter", f"Key={key}", "--organization", "labs"
    )
    assert f"Events of labs go to {address}." in run("deploy", str(file), "--organization", "labs")  # the key stays
    assert {(rule.stack, rule.key) for rule in stand_in.world.rules} == {("pipes-events-awsi", key)}
    printed = run("events")
    assert key not in printed
    assert set(json.loads(printed)) == {"sent"}


def test_roles_and_keys_are_made(run: Run, stand_in: StandIn) -> None:
    trust = "arn:aws:iam::999999999999:role/pipes"
    said = run("create-role", "Acme Management", "finder", "--trust", trust, "--external-id", "abc")
    arn = said.removeprefix("Created ").strip().removesuffix(".")
    assert stand_in.world.role(arn) is not None
    run("delete-role", arn)
    assert stand_in.world.role(arn) is None
    assert "has the access key AKIA" in run("create-key", "vision", "joe")


def test_faults_and_wording_are_set(run: Run, stand_in: StandIn) -> None:
    run("faults", "latency", "0.25")
    run("faults", "lag", "3")
    assert [(lag.seconds, lag.lists) for lag in stand_in.faults.past.lags] == [(3.0, True)]
    run("faults", "throttle")
    run("faults", "error", "ListRoots", "ServiceException", "--on", "r-abcd", "--times", "2")
    run("faults", "not-json", "ListAccounts")
    assert "planned: 2" in run("faults", "show")
    assert stand_in.faults.latency == 0.25
    assert stand_in.faults.rates["ListRoots"] == (1.0, 2.0)
    run("faults", "clear")
    assert stand_in.faults.planned == []
    run("wire", "--states", "both", "--no-paths", "--empty-page-every", "2")
    wire = stand_in.world.wire
    assert (wire.states, wire.has_paths, wire.empty_page_every) == ("both", False, 2)


def test_serve_begins_with_the_sample_and_goes_on_where_it_was(tmp_path: Path) -> None:
    state = tmp_path / "aws.json"
    for accounts in (69, 70):
        command = [sys.executable, "-m", "tests.fakes.aws", "serve", "--port", "0", "--state", str(state)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert f"({accounts} accounts" in ready
            endpoint = next(word for word in ready.split() if word.startswith("http"))
            assert main(["--endpoint", endpoint, "create", "one more"]) == 0
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(10) == 0


def test_a_taken_port_is_reported(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(StandIn(sample.world())) as server:
        port = str(server.server_address[1])
        assert main(["serve", "--port", port, "--state", str(tmp_path / "other.json")]) == 1
    assert f"Nothing can be served on 127.0.0.1:{port}" in capsys.readouterr().err
