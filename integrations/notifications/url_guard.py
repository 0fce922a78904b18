"""Where webhooks may lead: public addresses only, or a customer could reach into the network that Pipes runs in."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

LONGEST_URL: Final = 2000

Resolve = Callable[[str, int], Sequence[str]]

_IPV6_UNICAST: Final = ipaddress.ip_network("2000::/3")
# Inside the unicast range: protocol assignments with Teredo, documentation, and 6to4, which wraps an IPv4 address.
_IPV6_SPECIAL: Final = tuple(map(ipaddress.ip_network, ("2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16")))
# Those that the standard library takes for global, or did in some versions.
_IPV4_SPECIAL: Final = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4")))


class TargetRefusedError(ValueError):
    """Nothing may be sent there, or nothing is there; the text is a sentence that names no path and no address."""


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's URL in its parts; ``path`` comes with the query and may be a secret."""

    is_tls: bool
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """What may be shown."""
        usual = 443 if self.is_tls else 80
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_tls else 'http'}://{host}" + ("" if self.port == usual else f":{self.port}")


def parse(url: str) -> Target:
    """Take a URL apart. Raises TargetRefusedError with what to write instead."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise TargetRefusedError(f"Use a URL of at most {LONGEST_URL:,} plain characters; encode all others.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise TargetRefusedError("This is no URL. Enter one such as https://hooks.example.com/pipes.") from None
    schemes = ("https", "http") if settings.PIPES_WEBHOOK_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in schemes or not host or port == 0:
        raise TargetRefusedError("Enter a URL that starts with https://, such as https://hooks.example.com/pipes.")
    if parts.username is not None or parts.password is not None:
        raise TargetRefusedError("Leave out the user name and password: each notification is signed instead.")
    is_tls = parts.scheme == "https"
    port = port or (443 if is_tls else 80)
    _check_port(port)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(is_tls, host, port, path)


def _check_port(port: int) -> None:
    usual = (443, 80) if settings.PIPES_WEBHOOK_ALLOW_PRIVATE else (443,)
    if port not in usual and not any(port in ports for ports in settings.PIPES_WEBHOOK_PORTS):
        raise TargetRefusedError(
            f"Notifications are not sent to port {port} here: use port 443, or ask the operator of this installation "
            "to allow this one."
        )


def check_literal(target: Target) -> None:
    """Refuse at once what needs no look-up: a private address, or this machine, written into the URL."""
    try:
        is_refused = not is_public(target.host)
    except ValueError:  # a name
        is_refused = target.host == "localhost" or target.host.endswith(".localhost")
    if is_refused and not settings.PIPES_WEBHOOK_ALLOW_PRIVATE:
        raise TargetRefusedError(_nowhere(target.host))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet's hosts. Raises ValueError when it is no address."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast and not any(ip in net for net in _IPV4_SPECIAL)
    # Only what is known to be good: addresses that wrap or map others are outside this range.
    return ip in _IPV6_UNICAST and not any(ip in net for net in _IPV6_SPECIAL)


def addresses_of(target: Target, *, resolve: Resolve) -> Sequence[str]:
    """Look the host up, and give its addresses if we may connect to every one of them.

    Connect to these and look nothing up again: a name can lead elsewhere a moment later. Raises TargetRefusedError.
    """
    try:
        found = resolve(target.host, target.port)
    except (OSError, UnicodeError):
        found = ()
    if not found:
        raise TargetRefusedError(_nowhere(target.host))
    for address in found:
        check_address(target, address)
    return found


def check_address(target: Target, address: str) -> None:
    """Refuse to connect to a private address. Raises TargetRefusedError."""
    if not settings.PIPES_WEBHOOK_ALLOW_PRIVATE and not is_public(address):
        raise TargetRefusedError(_nowhere(target.host))


def resolve(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def _nowhere(host: str) -> str:
    """Say the same of a name that does not exist and of one that is not public: it is nobody's business which."""
    return f"{host} leads to no public address. Correct the URL or its DNS entry: only those are notified."
