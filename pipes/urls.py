"""All URLs. Places nest: a tenant's pages, an organization's below it, a workspace's below that."""

from django.contrib import admin
from django.urls import include, path, re_path

from pipes.monitoring import health, operator_page
from workspaces.api.door import unknown

handler500 = "pipes.error_pages.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.figures, name="metrics"),
    re_path(r"^api/v0/", include("pipes.api.urls")),
    re_path(r"^api/latest/", include("pipes.api.urls")),  # the last one is where links lead
    re_path(r"^api/", unknown),
    path("operator/installation/", admin.site.admin_view(operator_page.installation_page), name="installation"),
    path(".well-known/security.txt", health.security_txt, name="security_txt"),
    path("operator/", admin.site.urls),
    path("", include("handbook.urls")),
    path("", include("workspaces.urls")),
    path("account/", include("allauth.urls")),
    path("", include("integrations.urls")),
    path("", include("connections.urls")),
]
