"""The world is kept in a file, whole or not at all, and comes back as it was."""

import json
from pathlib import Path

import boto3
import pytest

from tests.fakes.aws import sample, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN
from tests.fakes.aws.server import serving
from tests.fakes.aws.standin import StandIn
from tests.fakes.aws.world import from_json, load, save, to_json


def test_a_world_comes_back_from_its_file(tmp_path: Path) -> None:
    world = sample.world()
    save(world, tmp_path / "aws.json")
    again = load(tmp_path / "aws.json")
    assert to_json(again) == to_json(world)
    acme, same = world.organizations[0], again.organizations[0]
    assert same.accounts_in(same.root_id) == acme.accounts_in(acme.root_id)
    assert same.create_account("next").id == acme.create_account("next").id


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    save(sample.world(), tmp_path / "aws.json")
    assert (tmp_path / "aws.json").stat().st_mode & 0o777 == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["aws.json"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    world = sample.world()
    save(world, tmp_path / "aws.json")
    world.wire.states = object()  # type: ignore[assignment]
    with pytest.raises(TypeError):
        save(world, tmp_path / "aws.json")
    assert load(tmp_path / "aws.json").wire.states == "state"


def test_a_session_outlives_a_restart(tmp_path: Path) -> None:
    world = sample.world()
    management = world.organizations[0].management_account_id
    arn = world.iam.create_role(management, "reader", trusting(VENDOR_ROLE_ARN)).arn
    vendor = next(key for key in world.iam.keys.values() if key.principal_arn == VENDOR_ROLE_ARN)
    with serving(StandIn(world)) as server:
        sts = boto3.client("sts", "us-east-1", endpoint_url=server.endpoint_url, **keys(vendor.id, vendor.secret))
        given = sts.assume_role(RoleArn=arn, RoleSessionName="pipes-test")["Credentials"]
        sts.close()
    restarted = StandIn(from_json(json.loads(json.dumps(to_json(world)))))
    with serving(restarted) as server:
        signed = keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        sts = boto3.client("sts", "us-east-1", endpoint_url=server.endpoint_url, **signed)
        assert sts.get_caller_identity()["Account"] == management
        sts.close()


def keys(key_id: str, secret: str, token: str | None = None) -> dict[str, str | None]:
    return {"aws_access_key_id": key_id, "aws_secret_access_key": secret, "aws_session_token": token}
