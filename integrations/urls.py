"""URLs of integrations: the same pages below a tenant and below an organization."""

from django.urls import include, path

from integrations.views import detail, list, runs
from integrations.wizard_urls import wizard_urls

_INTEGRATION = "<slug:integration>/"

_PAGES = [
    path("", list.integration_list, name="integration_list"),
    path(_INTEGRATION, detail.integration_detail, name="integration_detail"),
    path(_INTEGRATION + "config/", detail.integration_config, name="integration_config"),
    path(_INTEGRATION + "advanced/", detail.integration_advanced, name="integration_advanced"),
    path(_INTEGRATION + "sync/", detail.integration_sync, name="integration_sync"),
    path(_INTEGRATION + "processes/", runs.run_list, name="run_list"),
    path(_INTEGRATION + "processes/<int:run>/", runs.run_detail, name="run_detail"),
]

urlpatterns = [
    # The wizard's come first: "new" is no handle.
    path("tenants/<str:tenant>/integrations/", include(wizard_urls + _PAGES)),
    path("tenants/<str:tenant>/orgs/<str:organization>/integrations/", include(wizard_urls + _PAGES)),
]
