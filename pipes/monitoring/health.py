"""What programs ask of the installation: how it is, and where to report a vulnerability."""

import secrets
from datetime import timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST

from pipes.cache import FAULTS
from pipes.monitoring import installation, metrics
from workspaces.scoping import public_view


@public_view
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that this process serves requests; looks at nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@public_view
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when pages can be served, else 503, with what is wrong.

    Without the broker, beat or workers pages are served as before: it is degraded then, not unready.
    """
    problems = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        problems["database"] = type(error).__name__
    try:
        with redis.Redis.from_url(settings.REDIS_URL, **settings.REDIS_OPTIONS) as broker:
            broker.set("readyz", 1, ex=60)  # one whose memory is used up still answers what reads
    except FAULTS as error:
        problems["broker"] = type(error).__name__
    is_ready = "database" not in problems
    if not problems:  # else the silence of beat and workers says nothing more
        problems |= {bad.name: bad.sentence for bad in installation.work_findings() if not bad.is_good}
    state = "ready" if not problems else "degraded" if is_ready else "not ready"
    answer = {"ready": is_ready, "state": state, "problems": problems}
    return JsonResponse(answer, status=200 if is_ready else 503)


@public_view
def figures(request: HttpRequest) -> HttpResponse:
    """Give the figures to clients with the token of PIPES_METRICS_TOKEN; without one there is nothing here."""
    token = settings.PIPES_METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if not token or not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Http404
    return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)


@public_view
def security_txt(request: HttpRequest) -> HttpResponse:
    """Say where to report vulnerabilities (RFC 9116); there is nothing where the operator names no contact."""
    contact = settings.PIPES_SECURITY_CONTACT
    if not contact:
        raise Http404
    expires = (timezone.now() + timedelta(days=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = (
        f"Contact: {contact if ':' in contact else f'mailto:{contact}'}",
        f"Expires: {expires}",
        "Preferred-Languages: en",
        f"Canonical: {settings.BASE_URL.rstrip('/')}{reverse('security_txt')}",
    )
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type="text/plain; charset=utf-8")
