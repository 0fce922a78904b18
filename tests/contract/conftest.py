"""Where our client is sent: to the stand-in, or to moto in a server of its own."""

from collections.abc import Callable, Iterator
from urllib.request import Request, urlopen

import pytest
from pytest_django.fixtures import Settings

from integrations.aws.calls.retry import Retries
from integrations.aws.session import RoleCredentials
from tests.contract.plain import EXTERNAL_ID, SESSION_NAME, InStandIn, PlainAws, in_moto, in_stand_in
from tests.fakes.aws import RunningAws
from tests.fakes.aws.iam import VENDOR_ROLE_ARN

QUICK = Retries(faults=3, throttles=4, first_wait=0.01)

PointAt = Callable[[str], None]


@pytest.fixture
def point_at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> PointAt:
    """Send our client to an endpoint, at full speed, with credentials of our own that each test may replace."""

    def point(endpoint_url: str) -> None:
        settings.AWS_ENDPOINT_URL = endpoint_url
        settings.PIPES_AWS_PRINCIPALS = {"aws": VENDOR_ROLE_ARN}
        settings.PIPES_AWS_QUOTA_SHARE = 1000.0
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAAAAAAAAAAAAAAAAA")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a" * 40)
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")

    return point


@pytest.fixture
def stand_in(point_at: PointAt, monkeypatch: pytest.MonkeyPatch) -> Iterator[InStandIn]:
    """A fresh AWS organization in our stand-in, with our own identity."""
    with in_stand_in() as plain:
        point_at(plain.endpoint_url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", plain.aws.vendor_key.id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", plain.aws.vendor_key.secret)
        yield plain


@pytest.fixture
def aws(stand_in: InStandIn) -> RunningAws:
    """The stand-in itself: its faults, its log of calls, its roles."""
    return stand_in.aws


@pytest.fixture
def role(stand_in: InStandIn) -> RoleCredentials:
    """The role of discovery in the stand-in."""
    return stand_in.role


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """A moto server; importing moto is slow, so only here."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["stand-in", "moto"])
def plain(request: pytest.FixtureRequest, point_at: PointAt) -> PlainAws:
    """The same AWS organization in our stand-in and in moto, one after the other."""
    if request.param == "stand-in":
        in_our_own: InStandIn = request.getfixturevalue("stand_in")
        return in_our_own
    endpoint_url: str = request.getfixturevalue("moto_url")
    with urlopen(Request(f"{endpoint_url}/moto-api/reset", method="POST"), timeout=10):
        pass
    point_at(endpoint_url)
    return in_moto(endpoint_url)


def credentials_for(role_arn: str, external_id: str | None = EXTERNAL_ID) -> RoleCredentials:
    """Credentials for another role than that of discovery."""
    return RoleCredentials(role_arn, external_id, SESSION_NAME)
