"""URLs of integrations: the same pages below a tenant and below an organization."""

from django.urls import include, path

from integrations.views import advanced, config, deletion, detail, list, runs, trial
from integrations.wizard_urls import wizard_urls

_INTEGRATION = "<slug:integration>/"

_PAGES = [
    path("", list.integration_list, name="integration_list"),
    path(_INTEGRATION, detail.integration_detail, name="integration_detail"),
    path(_INTEGRATION + "config/", config.integration_config, name="integration_config"),
    path(_INTEGRATION + "config/discovery/", config.discovery_settings, name="integration_discovery_settings"),
    path(_INTEGRATION + "config/connection/", config.connection_settings, name="integration_connection_settings"),
    path(_INTEGRATION + "config/rotate/<str:kind>/", config.rotate, name="integration_rotate"),
    path(_INTEGRATION + "config/trial/", trial.integration_trial, name="integration_trial"),
    path(_INTEGRATION + "advanced/", advanced.integration_advanced, name="integration_advanced"),
    path(_INTEGRATION + "advanced/schedule/", advanced.integration_schedule, name="integration_schedule"),
    path(_INTEGRATION + "delete/", deletion.integration_delete, name="integration_delete"),
    path(_INTEGRATION + "sync/", detail.integration_sync, name="integration_sync"),
    path(_INTEGRATION + "processes/", runs.run_list, name="run_list"),
    path(_INTEGRATION + "processes/<int:run>/", runs.run_detail, name="run_detail"),
]

_ORGANIZATION = "tenants/<slug:tenant>/orgs/<slug:organization>/"

urlpatterns = [
    path(_ORGANIZATION + "delete/", deletion.organization_delete, name="organization_delete"),
    path(_ORGANIZATION + "workspaces/<slug:workspace>/delete/", deletion.workspace_delete, name="workspace_delete"),
    # The wizard's come first: "new" is no handle.
    path("tenants/<slug:tenant>/activity/processes/", runs.process_list, name="process_list"),
    path(_ORGANIZATION + "activity/processes/", runs.process_list, name="process_list"),
    path("tenants/<slug:tenant>/integrations/", include(wizard_urls + _PAGES)),
    path("tenants/<slug:tenant>/orgs/<slug:organization>/integrations/", include(wizard_urls + _PAGES)),
]
