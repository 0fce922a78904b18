"""What holds for every request, whatever it is for."""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from workspaces import audit

GetResponse = Callable[[HttpRequest], HttpResponse]


class TrustedProxiesMiddleware:
    """Let REMOTE_ADDR be the client's address as the outermost trusted proxy saw it, for whatever reads it later on.

    Each proxy appends the address that it sees to X-Forwarded-For; what stands in front of these, anybody may have
    written. Without trusted proxies the headers have no effect.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Replace the address and the scheme by what is to be believed of them, and go on."""
        addresses, schemes = (request.META.pop(f"HTTP_X_FORWARDED_{name}", "") for name in ("FOR", "PROTO"))
        if settings.PIPES_TRUSTED_PROXIES:
            if address := _address(_outermost(addresses)):
                request.META["REMOTE_ADDR"] = address
            request.META["HTTP_X_FORWARDED_PROTO"] = _outermost(schemes)
        audit.remote_address.set(request.META.get("REMOTE_ADDR") or None)
        return self.get_response(request)


def _outermost(header: str) -> str:
    """Give the entry of the outermost trusted proxy; the leftmost where a request went round some of them."""
    return header.split(",")[-settings.PIPES_TRUSTED_PROXIES :][0].strip()


def _address(text: str) -> str:
    """Give an IP address as it is usually written, without port and zone; empty when it is none."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        ip = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(ip, "ipv4_mapped", None) or ip)
