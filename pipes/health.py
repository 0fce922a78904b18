"""Health endpoints for load balancers and orchestrators."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from workspaces.scoping import public_view


@public_view
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that this process serves requests; looks at nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@public_view
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database and the broker answer, else 503 with what does not."""
    problems = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        problems["database"] = type(error).__name__
    try:
        cache.get("readyz")
    except (RedisError, OSError) as error:
        problems["broker"] = type(error).__name__
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)
