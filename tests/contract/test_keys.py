"""Whose keys sign what: customers share the clients, and never anything else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from integrations.aws import clients, own_credentials
from integrations.aws.discovery.read import read_snapshot
from integrations.aws.errors import OwnFault
from integrations.aws.session import KeyCredentials, RoleCredentials, open_session
from launcher.child import wait_for
from tests.fakes.aws import RunningAws, reading_organizations


def test_each_call_is_signed_by_whose_it_is_however_many_run_side_by_side(
    aws: RunningAws, role: RoleCredentials
) -> None:
    keys = {name: aws.roles.create_key(name, reading_organizations()) for name in ("ada", "ben", "cy")}
    sessions = {name: open_session(KeyCredentials(key.id, key.secret)) for name, key in keys.items()}
    sessions["assumed-role"] = open_session(role)

    def who(name: str) -> bool:
        return name in sessions[name].call("GetCallerIdentity")["Arn"]

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(who, list(sessions) * 25))
    assert answers == [True] * 100


def test_a_key_is_asked_once_who_it_is(aws: RunningAws) -> None:
    key = aws.roles.create_key("ada", reading_organizations())
    read_snapshot(open_session(KeyCredentials(key.id, key.secret)))
    assert aws.calls.count("GetCallerIdentity") == 1


def test_whoever_needs_no_identity_of_ours_does_not_wait_for_it(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Our own credentials may come from a program, which may hang."""
    asked, answer = tmp_path / "asked", tmp_path / "answer"
    program = tmp_path / "program"
    program.write_text(f"touch {asked}; while [ ! -e {answer} ]; do sleep 0.05; done; exit 1")
    config = tmp_path / "config"
    config.write_text(f"[profile pipes-aws]\ncredential_process = sh {program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    key = aws.roles.create_key("ada", reading_organizations())
    with ThreadPoolExecutor(2) as threads:
        waiting = threads.submit(open_session, role)
        try:
            assert wait_for(asked.exists, seconds=20)
            by_key = threads.submit(open_session, KeyCredentials(key.id, key.secret))
            assert "ada" in by_key.result(timeout=20).caller()["Arn"]
            assert not waiting.done()
        finally:
            answer.touch()
        assert isinstance(waiting.exception(), OwnFault)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("service", ["sts", "organizations"])
def test_a_shared_client_signs_nothing_by_itself(service: str) -> None:
    """The environment holds keys of ours, which botocore would find."""
    client = clients.session().create_client(service, "us-east-1", endpoint_url="http://127.0.0.1:9")
    ask = client.get_caller_identity if service == "sts" else client.list_roots
    with pytest.raises(LookupError):
        ask()


def test_keys_do_not_show() -> None:
    keys = clients.Keys("AKIDVISIBLE", "the-secret", "the-token")
    assert "the-secret" not in repr(keys)
    assert "the-token" not in repr(keys)


@pytest.fixture
def fresh_clients() -> Iterator[None]:
    """No client of earlier tests is used, and none of this one's by later ones."""
    for cached in (clients.session, clients._client):
        cached.cache_clear()
    yield
    for cached in (clients.session, clients._client):
        cached.cache_clear()


SERVER_CONFIGURATION = {
    "AWS_PROFILE": "nobody",
    "AWS_DEFAULT_PROFILE": "nobody",
    "AWS_CA_BUNDLE": "/nowhere/at/all",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_RETRY_MODE": "never",
    "AWS_DEFAULTS_MODE": "nonsense",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_STS_REGIONAL_ENDPOINTS": "nonsense",
    "AWS_DEFAULT_REGION": "mars-north-1",
    "AWS_DATA_PATH": "/nowhere/at/all",
    "AWS_SIGV4A_SIGNING_REGION_SET": "nonsense",
    "AWS_CONFIG_FILE": "",
    "AWS_SHARED_CREDENTIALS_FILE": "",
}


@pytest.mark.usefixtures("fresh_clients")
@pytest.mark.parametrize("name", SERVER_CONFIGURATION)
def test_nothing_of_our_own_configuration_touches_a_customers_key(
    aws: RunningAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("[profile\nca_bundle = /nowhere\n\x00")
    monkeypatch.setenv(name, SERVER_CONFIGURATION[name] or str(broken))
    key = aws.roles.create_key("ada", reading_organizations())
    snapshot = read_snapshot(open_session(KeyCredentials(key.id, key.secret)))
    assert snapshot.organization_id == aws.organization.id


@pytest.mark.usefixtures("fresh_clients")
def test_what_is_wrong_with_our_own_configuration_is_told_as_ours(
    aws: RunningAws, role: RoleCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken").write_text("[profile\n\x00")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "broken"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    own_credentials._own.cache_clear()
    with pytest.raises(OwnFault, match="no AWS credentials of its own that work"):
        open_session(role)
    assert len(aws.calls) == 0
