"""Whoever cannot sign does not get in, and each service has its own words for it."""

import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import time_machine

from tests.fakes.aws import RunningAws, reading_organizations, trusting
from tests.fakes.aws.iam import VENDOR_ROLE_ARN, AccessKey
from tests.fakes_aws.asking import code_of, error_of
from tests.fakes_aws.conftest import EXTERNAL_ID, Connect


def assumed(aws: RunningAws, sts: Any) -> dict[str, Any]:
    arn = aws.roles.create_discovery(EXTERNAL_ID)
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="pipes-test", ExternalId=EXTERNAL_ID)
    return dict(answer["Credentials"])


def test_a_signed_call_is_answered(sts: Any) -> None:
    identity = sts.get_caller_identity()
    assert identity["Account"] == "999999999999"
    assert identity["Arn"] == "arn:aws:sts::999999999999:assumed-role/pipes/server"


def test_a_wrong_secret_is_refused_by_both_services(aws: RunningAws, connect: Connect) -> None:
    wrong = AccessKey(aws.vendor_key.id, "x" * 40, VENDOR_ROLE_ARN)
    refusal = error_of(connect("sts", wrong).get_caller_identity)
    assert (refusal["Code"], refusal["Status"]) == ("SignatureDoesNotMatch", 403)
    refusal = error_of(connect("organizations", wrong).list_roots)
    assert (refusal["Code"], refusal["Status"]) == ("InvalidSignatureException", 400)


def test_an_unknown_key_is_refused_by_both_services(connect: Connect) -> None:
    unknown = AccessKey("AKIA0000000000000000", "x" * 40, "")
    assert code_of(connect("sts", unknown).get_caller_identity) == "InvalidClientTokenId"
    assert code_of(connect("organizations", unknown).list_roots) == "UnrecognizedClientException"


def test_an_inactive_key_is_refused(aws: RunningAws, connect: Connect) -> None:
    key = aws.roles.create_key("reader", reading_organizations())
    key.is_active = False
    assert code_of(connect("sts", key).get_caller_identity) == "InvalidClientTokenId"


def test_the_key_of_another_partition_is_unknown(aws: RunningAws, connect: Connect) -> None:
    assert code_of(connect("sts", aws.vendor_key, region="us-gov-west-1").get_caller_identity) == "InvalidClientTokenId"


@pytest.mark.parametrize("token", [None, "", "made-up", "bWFkZS11cA==.00"])
def test_temporary_credentials_need_their_token(aws: RunningAws, sts: Any, connect: Connect, token: str | None) -> None:
    credentials = {**assumed(aws, sts), "SessionToken": token}
    assert code_of(connect("organizations", credentials).list_roots) == "UnrecognizedClientException"
    assert code_of(connect("sts", credentials).get_caller_identity) == "InvalidClientTokenId"


def test_the_token_of_another_session_does_not_fit(aws: RunningAws, sts: Any, connect: Connect) -> None:
    mixed = {**assumed(aws, sts), "SessionToken": assumed(aws, sts)["SessionToken"]}
    assert code_of(connect("organizations", mixed).list_roots) == "UnrecognizedClientException"


def test_a_session_ends_after_its_hour(aws: RunningAws, sts: Any, connect: Connect) -> None:
    client = connect("organizations", assumed(aws, sts))
    assert client.list_roots()["Roots"]
    with time_machine.travel(time.time() + 3601):
        assert code_of(client.list_roots) == "ExpiredTokenException"


def test_all_sessions_can_be_made_to_end_at_once(aws: RunningAws, sts: Any, connect: Connect) -> None:
    credentials = assumed(aws, sts)
    aws.expire_sessions()
    assert code_of(connect("organizations", credentials).list_roots) == "ExpiredTokenException"
    assert code_of(connect("sts", credentials).get_caller_identity) == "ExpiredToken"
    assert connect("organizations", assumed(aws, sts)).list_roots()["Roots"]


def test_a_session_of_a_deleted_role_is_worth_nothing(aws: RunningAws, sts: Any, connect: Connect) -> None:
    client = connect("organizations", assumed(aws, sts))
    aws.roles.delete(next(arn for arn in aws.iam.roles if arn.endswith("pipes-discovery")))
    assert code_of(client.list_roots) == "UnrecognizedClientException"


def captured(aws: RunningAws, sts: Any) -> Request:
    """Return a signed GetCallerIdentity as it goes over the wire, to be sent once more."""
    signed: list[Any] = []
    sts.meta.events.register("before-send.sts.*", lambda request, **_: signed.append(request))
    sts.get_caller_identity()
    headers = {name: decoded(value) for name, value in signed[0].headers.items()}
    return Request(aws.endpoint_url, decoded(signed[0].body).encode(), headers)


def test_a_signature_older_than_fifteen_minutes_is_refused(aws: RunningAws, sts: Any) -> None:
    request = captured(aws, sts)
    with urlopen(request) as answer:
        assert answer.status == 200
    with time_machine.travel(time.time() + 901), pytest.raises(HTTPError, match="403") as caught:
        urlopen(request)
    caught.value.close()


def test_a_changed_body_does_not_fit_its_signature(aws: RunningAws, sts: Any) -> None:
    request = captured(aws, sts)
    request.data = b"Action=GetCallerIdentity&Version=2011-06-16"
    with pytest.raises(HTTPError, match="403") as caught:
        urlopen(request)
    caught.value.close()


def test_an_unsigned_call_is_refused(aws: RunningAws) -> None:
    with pytest.raises(HTTPError, match="403") as caught:
        urlopen(aws.endpoint_url, b"Action=GetCallerIdentity&Version=2011-06-15")
    caught.value.close()


def test_a_user_keeps_its_own_arn(aws: RunningAws, connect: Connect) -> None:
    key = aws.roles.create_key("reader", reading_organizations())
    identity = connect("sts", key).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{aws.organization.management_account_id}:user/reader"


def test_a_session_shows_its_role_and_its_name(aws: RunningAws, sts: Any, connect: Connect) -> None:
    account = aws.organization.management_account_id
    arn = aws.roles.create("finder", trusting(VENDOR_ROLE_ARN))
    credentials = sts.assume_role(RoleArn=arn, RoleSessionName="pipes-acme-discovery")["Credentials"]
    shown = connect("sts", credentials).get_caller_identity()["Arn"]
    assert shown == f"arn:aws:sts::{account}:assumed-role/finder/pipes-acme-discovery"


def decoded(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
