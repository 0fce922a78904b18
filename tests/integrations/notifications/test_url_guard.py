"""Where webhooks may lead."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from integrations.notifications.url_guard import (
    TargetRefusedError,
    addresses_of,
    check_literal,
    is_public,
    parse,
    resolve,
)
from pipes.env import port_ranges

PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(TargetRefusedError, match="no public address"):
        addresses_of(parse("https://hooks.example.com/"), resolve=lambda host, port: [address])


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "52.94.236.248", "2606:4700:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_fine(address: str) -> None:
    assert is_public(address)


def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(TargetRefusedError):
        addresses_of(parse("https://hooks.example.com/"), resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"])


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "localhost"])
def test_other_ways_to_write_this_machine_are_seen_through_when_they_are_looked_up(host: str) -> None:
    with pytest.raises(TargetRefusedError):
        addresses_of(parse(f"https://{host}/"), resolve=resolve)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.8", "169.254.169.254", "localhost", "a.localhost."])
def test_a_private_address_in_the_url_itself_is_refused_at_once(host: str, settings: Settings) -> None:
    with pytest.raises(TargetRefusedError, match="no public address"):
        check_literal(parse(f"https://{host}/"))
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = True
    check_literal(parse(f"http://{host}/"))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://hooks.example.com/", "starts with https://"),
        ("ftp://hooks.example.com/", "starts with https://"),
        ("https://", "starts with https://"),
        ("https://./", "starts with https://"),
        ("hooks.example.com", "starts with https://"),
        ("https://hooks.example.com:0/", "starts with https://"),
        ("https://hooks.example.com:99999/", "This is no URL"),
        ("https://[::1/", "This is no URL"),
        ("https://ana:secret@hooks.example.com/", "Leave out the user name and password"),
        ("https://hooks.example.com/a b", "plain characters"),
        ("https://hooks.example.com/\r\nX-Evil: 1", "plain characters"),
        ("https://höoks.example.com/", "plain characters"),
        (f"https://hooks.example.com/{'a' * 2000}", "at most 2,000"),
    ],
)
def test_a_url_that_cannot_be_posted_to_is_refused_with_what_to_write_instead(url: str, sentence: str) -> None:
    with pytest.raises(TargetRefusedError, match=sentence):
        parse(url)


def test_only_scheme_and_host_are_ever_shown() -> None:
    target = parse("https://Hooks.Example.com:8443/T0/hidden?token=hidden")
    assert (target.origin, target.path) == ("https://hooks.example.com:8443", "/T0/hidden?token=hidden")
    assert parse("https://[2606:4700::1]/x").origin == "https://[2606:4700::1]"


@pytest.mark.parametrize(
    ("url", "allows_http", "ports", "is_taken"),
    [
        ("https://hooks.example.com/", False, (), True),
        ("https://hooks.example.com:443/", False, (), True),
        ("https://hooks.example.com:80/", False, (), False),
        ("https://hooks.example.com:22/", False, (), False),
        ("https://hooks.example.com:8443/", False, (), False),
        ("https://hooks.example.com:8443/", False, (range(8443, 8444),), True),
        ("https://hooks.example.com:8444/", False, (range(8443, 8444),), False),
        ("http://hooks.example.com/", True, (), True),
        ("http://hooks.example.com:6379/", True, (), False),
        ("http://hooks.example.com:9001/", True, (range(9000, 9011),), True),
    ],
)
def test_webhooks_lead_to_the_usual_ports_and_to_those_that_the_operator_lists(
    settings: Settings, url: str, allows_http: bool, ports: tuple[range, ...], is_taken: bool
) -> None:
    settings.PIPES_WEBHOOK_ALLOW_PRIVATE = allows_http
    settings.PIPES_WEBHOOK_PORTS = ports
    if is_taken:
        assert parse(url).host == "hooks.example.com"
    else:
        with pytest.raises(TargetRefusedError, match="ask the operator of this installation to allow this one"):
            parse(url)


def test_a_name_that_is_none_and_one_that_is_private_are_told_in_one_sentence() -> None:
    target, told = parse("https://db.internal.example.com/"), set()
    for found in ([], ["10.0.0.1"]):
        with pytest.raises(TargetRefusedError) as refused:
            addresses_of(target, resolve=lambda host, port, found=found: found)  # type: ignore[misc]
        told.add(str(refused.value))
    assert len(told) == 1


@pytest.mark.parametrize("text", ["0", "65536", "9010-9000", "https", "80-", "-1", "", "8443 9000"])
def test_a_list_of_ports_that_is_none_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="PIPES_WEBHOOK_PORTS"):
        port_ranges([text])


def test_ports_and_ranges_are_read() -> None:
    assert port_ranges(["8443", " 9000-9010 "]) == (range(8443, 8444), range(9000, 9011))
