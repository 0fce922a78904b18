"""The operator's Installation page: whether the work goes on, and what fails, without anything of a tenant's data."""

import platform
from importlib.metadata import version

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from pipes.monitoring import installation

_LIBRARIES = ("django", "celery", "boto3", "psycopg", "gunicorn")


def installation_page(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        server: str = cursor.fetchone()[0]
    versions = {"Python": platform.python_version(), "PostgreSQL": server}
    context = {
        **admin.site.each_context(request),
        "title": "Installation",
        "findings": list(installation.findings()),
        "figures": list(installation.figures().values()),
        "failing": installation.failing(),
        "versions": versions | {name: version(name) for name in _LIBRARIES},
    }
    return TemplateResponse(request, "admin/installation.html", context)
