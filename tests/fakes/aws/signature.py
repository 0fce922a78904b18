"""AWS Signature Version 4, checked from the server's side, with nothing taken from botocore.

Source: "AWS Signature Version 4 for API requests" in the IAM user guide.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

_TIME = "%Y%m%dT%H%M%SZ"
LARGEST_SKEW_SECONDS = 900  # AWS refuses a signature that is more than 15 minutes old or early

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 "
    r"Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/aws4_request,"
    r"\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it arrived; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """What the Authorization header says."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


def parse_signature(request: Request) -> Signature | None:
    """Return what the Authorization header says, or None where it is missing or of another form."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        return None
    headers = tuple(match["headers"].split(";"))
    return Signature(match["key"], match["date"], match["region"], match["service"], headers, match["signature"])


def is_signed_with(secret: str, signature: Signature, request: Request) -> bool:
    """Tell whether the request was signed, whole and unchanged, with this secret."""
    needed = {"host", "x-amz-date"} | ({"x-amz-target"} & set(request.headers))
    if "x-amz-security-token" in request.headers:
        needed.add("x-amz-security-token")
    if not needed <= set(signature.signed_headers) or not needed <= set(request.headers):
        return False
    scope = f"{signature.date}/{signature.region}/{signature.service}/aws4_request"
    digest = hashlib.sha256(_canonical(signature, request).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in (signature.date, signature.region, signature.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), signature.signature)


def _canonical(signature: Signature, request: Request) -> str:
    pairs = sorted((quote(key, safe="-_.~"), quote(value, safe="-_.~")) for key, value in _query_pairs(request.query))
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signature.signed_headers
    )
    return "\n".join(
        (
            request.method,
            quote(request.path, safe="/-_.~%"),
            "&".join(f"{key}={value}" for key, value in pairs),
            headers,
            ";".join(signature.signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _query_pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def refusal_of_time(request: Request, now: float) -> str:
    """Return AWS's words for a signature that is too old or too early by its clock, "" for one that is in time."""
    text = request.headers.get("x-amz-date", "")
    try:
        early = datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp() - now
    except ValueError:
        return "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
    if abs(early) <= LARGEST_SKEW_SECONDS:
        return ""
    limit = now + (LARGEST_SKEW_SECONDS if early > 0 else -LARGEST_SKEW_SECONDS)
    by_aws, at_most = (datetime.fromtimestamp(moment, UTC).strftime(_TIME) for moment in (now, limit))
    if early > 0:
        return f"Signature not yet current: {text} is still later than {at_most} ({by_aws} + 15 min.)"
    return f"Signature expired: {text} is now earlier than {at_most} ({by_aws} - 15 min.)"


def partition_of_region(region: str) -> str:
    """Return the partition that a signing region belongs to; credentials never cross partitions."""
    return {"us-gov": "aws-us-gov", "cn": "aws-cn"}.get(region.rsplit("-", 2)[0], "aws")
