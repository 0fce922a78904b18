"""What holds for every request, whatever it is for."""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from workspaces import audit
from workspaces.api.problems import ProblemError, answer, is_for_programs

GetResponse = Callable[[HttpRequest], HttpResponse]

_LONGEST_NUMBER = 18  # digits of a length; Python refuses to read numbers of thousands


class TrustedProxiesMiddleware:
    """Let REMOTE_ADDR be the client's address as the outermost trusted proxy saw it, for whatever reads it later on.

    Each proxy appends the address that it sees to X-Forwarded-For; what stands in front of these, anybody may have
    written. Without trusted proxies the headers have no effect.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        addresses, schemes = (request.META.pop(f"HTTP_X_FORWARDED_{name}", "") for name in ("FOR", "PROTO"))
        if settings.PIPES_TRUSTED_PROXIES:
            if address := _address(_outermost(addresses)):
                request.META["REMOTE_ADDR"] = address
            request.META["HTTP_X_FORWARDED_PROTO"] = _outermost(schemes)
        audit.remote_address.set(request.META.get("REMOTE_ADDR") or None)
        return self.get_response(request)


class PrivateAnswersMiddleware:
    """Let nobody keep an answer but those that say that they are public, such as static files.

    A browser would show it again after its person has signed out. What it holds from before is cleared then.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "public" not in response.get("Cache-Control", ""):
            patch_cache_control(response, no_store=True, private=True)
        match = request.resolver_match
        if request.method == "POST" and match and match.view_name == "account_logout":
            response["Clear-Site-Data"] = '"cache"'
        return response


class BodyLimitMiddleware:
    """Refuse a body by its length before any of it is read: all that is sent to us are forms, and no files.

    One without a length is refused too. Django would take it for empty, and the rest of it would hold a thread.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if "HTTP_TRANSFER_ENCODING" in request.META or not (length.isascii() and length.isdecimal()):
            return _refuse(request, 411, has_length=False)
        if len(length) > _LONGEST_NUMBER or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _refuse(request, 413, has_length=True)
        return self.get_response(request)


def _refuse(request: HttpRequest, status: int, *, has_length: bool) -> HttpResponse:
    if is_for_programs(request):
        said = "This is larger than anything that is taken here." if has_length else "Send the length of the body."
        return answer(ProblemError(status, said))
    return render(request, "413.html", {"has_length": has_length}, status=status)


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
