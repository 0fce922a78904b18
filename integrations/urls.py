"""URLs of integrations: the same pages below a tenant and below an organization."""

from django.urls import include, path

from integrations.views import detail, health, level, lists, picture, search
from integrations.views.events import receive
from integrations.views.events import settings as events_settings
from integrations.views.many import options as many_options
from integrations.views.many import permissions as many_permissions
from integrations.views.many import schema as many_schema
from integrations.views.nodes import account_access, delegates, managed, manual, permissions, properties, used_by
from integrations.views.notifications import email_links, overview, webhooks
from integrations.views.settings import advanced, config, deletion
from integrations.views.settings import delegates as integration_delegates
from integrations.views.sync import runs
from integrations.views.trials import account_selection, preview
from integrations.views.trials import settings as trials_settings
from integrations.views.wizard import linked_file, setup_files, steps

_INTEGRATION = "<slug:integration>/"
_NOTIFICATIONS = _INTEGRATION + "notifications/"
_WEBHOOK = _NOTIFICATIONS + "webhooks/<uuid:webhook>/"

_DRAFT = "drafts/<uuid:draft>/"

_WIZARD = [
    path("new/", steps.start, name="integration_new"),
    path(_DRAFT + "cancel/", steps.cancel, name="integration_draft_cancel"),
    path(_DRAFT + "downloads/<str:file>", setup_files.download, name="integration_draft_download"),
    path(_DRAFT + "<str:step>/", steps.step, name="integration_draft"),
]

_PAGES = [
    path("", lists.integration_list, name="integration_list"),
    path(_INTEGRATION, detail.integration_detail, name="integration_detail"),
    path(_INTEGRATION + "config/", config.integration_config, name="integration_config"),
    path(_INTEGRATION + "config/discovery/", config.discovery_settings, name="integration_discovery_settings"),
    path(_INTEGRATION + "config/connection/", config.connection_settings, name="integration_connection_settings"),
    path(_INTEGRATION + "config/downloads/<str:file>", config.config_download, name="integration_download"),
    path(_INTEGRATION + "config/rotate/<str:kind>/", config.rotate, name="integration_rotate"),
    path(_INTEGRATION + "config/trial/", trials_settings.integration_trial, name="integration_trial"),
    path(_INTEGRATION + "config/accounts/", account_selection.integration_selection, name="integration_selection"),
    path(_INTEGRATION + "advanced/", advanced.integration_advanced, name="integration_advanced"),
    path(_INTEGRATION + "advanced/schedule/", advanced.integration_schedule, name="integration_schedule"),
    path(_INTEGRATION + "advanced/deletion-limit/", advanced.integration_deletion_limit, name="integration_limit"),
    path(
        _INTEGRATION + "advanced/delegates/", integration_delegates.integration_delegates, name="integration_delegates"
    ),
    path(_NOTIFICATIONS, overview.integration_notifications, name="integration_notifications"),
    path(_NOTIFICATIONS + "test/", overview.notifications_test, name="notifications_test"),
    path(_NOTIFICATIONS + "addresses/ask/", overview.address_ask, name="address_ask"),
    path(_NOTIFICATIONS + "deliveries/<int:delivery>/send/", overview.delivery_send, name="delivery_send"),
    path(_NOTIFICATIONS + "webhooks/new/", webhooks.webhook_create, name="webhook_create"),
    path(_WEBHOOK, webhooks.webhook_detail, name="webhook_detail"),
    path(_WEBHOOK + "rotate/", webhooks.webhook_rotate, name="webhook_rotate"),
    path(_WEBHOOK + "end-old-secret/", webhooks.webhook_end_former, name="webhook_end_former"),
    path(_WEBHOOK + "delete/", webhooks.webhook_delete, name="webhook_delete"),
    path(_WEBHOOK + "test/", webhooks.webhook_test, name="webhook_test"),
    path(_INTEGRATION + "advanced/events/", events_settings.integration_inlet, name="integration_inlet"),
    path(_INTEGRATION + "advanced/events/rotate/", events_settings.inlet_rotate, name="integration_inlet_rotate"),
    path(_INTEGRATION + "advanced/events/disable/", events_settings.inlet_close, name="integration_inlet_close"),
    path(
        _INTEGRATION + "advanced/events/template.yaml",
        events_settings.inlet_template,
        name="integration_inlet_template",
    ),
    path(_INTEGRATION + "delete/", deletion.integration_delete, name="integration_delete"),
    path(_INTEGRATION + "preview/", preview.integration_preview, name="integration_preview"),
    path(_INTEGRATION + "sync/", detail.integration_sync, name="integration_sync"),
    path(_INTEGRATION + "health/", health.failing_test, name="failing_test"),
    path(_INTEGRATION + "folders/<int:folder>/", level.integration_folder, name="integration_folder"),
    path(_INTEGRATION + "picture/", picture.integration_picture, name="integration_picture"),
    path(_INTEGRATION + "processes/", runs.run_list, name="run_list"),
    path(_INTEGRATION + "processes/<int:run>/", runs.run_detail, name="run_detail"),
    # The last, for an integration may be called so.
    path("removed/<str:remains>/", deletion.integration_removed, name="integration_removed"),
]

# About folders and connections, but from what their integration knows.
_NODES = [
    path("many/permissions/", many_permissions.many_permissions, name="many_permissions"),
    path("many/schema/", many_schema.many_schema, name="many_schema"),
    path("many/options/", many_options.many_options_view, name="many_options"),
    path("many/test/", many_options.many_test, name="many_test"),
    path("<int:connection>/", properties.connection_detail, name="connection_detail"),
    path("folders/<int:folder>/permissions/", permissions.node_permissions, name="folder_permissions"),
    path("<int:connection>/permissions/", permissions.node_permissions, name="connection_permissions"),
    path("folders/<int:folder>/delegates/", delegates.node_delegates, name="folder_delegates"),
    path("<int:connection>/delegates/", delegates.node_delegates, name="connection_delegates"),
    path("folders/<int:folder>/used-by/", used_by.used_by, name="folder_used_by"),
    path("<int:connection>/used-by/", used_by.used_by, name="connection_used_by"),
    path("folders/<int:folder>/handle/", managed.node_handle, name="folder_handle"),
    path("<int:connection>/handle/", managed.node_handle, name="connection_handle"),
    path("<int:connection>/config/", managed.connection_config, name="connection_config"),
    path("<int:connection>/test/", managed.connection_test, name="connection_test"),
]

# What was made by hand, and the options of all folders; also those of workspaces.
_ACCOUNTS = [
    path("folders/<int:folder>/config/", managed.folder_config, name="folder_config"),
    path("new/", account_access.connection_create, name="connection_create"),
    path("folders/<int:folder>/advanced/", manual.node_advanced, name="folder_advanced"),
    path("<int:connection>/advanced/", manual.node_advanced, name="connection_advanced"),
    path("<int:connection>/access/", account_access.connection_access, name="connection_access"),
    path("<int:connection>/access/save/", account_access.access_save, name="access_save"),
    path("<int:connection>/access/options/", account_access.options_save, name="access_options"),
    path("<int:connection>/access/rotate/", account_access.access_rotate, name="access_rotate"),
]

_ORGANIZATION = "tenants/<slug:tenant>/orgs/<slug:organization>/"
_WORKSPACE = _ORGANIZATION + "workspaces/<slug:workspace>/"

urlpatterns = [
    path("search/", search.search_anywhere, name="search_anywhere"),
    path("tenants/<slug:tenant>/search/", search.search, name="search"),
    path(_ORGANIZATION + "search/", search.search, name="search"),
    path(_WORKSPACE + "search/", search.search, name="search"),
    path("events/<uuid:inlet>/", receive.receive, name="event_inlet"),
    path("setup-files/<str:reference>/", linked_file.setup_file, name="setup_file"),
    path("emails/confirm/<str:holder>/", email_links.email_confirm, name="email_confirm"),
    path("emails/stop/<str:holder>/", email_links.email_stop, name="email_stop"),
    path("tenants/<slug:tenant>/connections/", include(_NODES + _ACCOUNTS)),
    path(_ORGANIZATION + "connections/", include(_NODES + _ACCOUNTS)),
    path(_WORKSPACE + "connections/", include(_ACCOUNTS)),
    path(_WORKSPACE + "connections/many/schema/", many_schema.many_schema, name="many_schema"),
    # The wizard's come first: "new" is no handle.
    path("tenants/<slug:tenant>/activity/processes/", runs.process_list, name="process_list"),
    path(_ORGANIZATION + "activity/processes/", runs.process_list, name="process_list"),
    path("tenants/<slug:tenant>/integrations/", include(_WIZARD + _PAGES)),
    path("tenants/<slug:tenant>/orgs/<slug:organization>/integrations/", include(_WIZARD + _PAGES)),
]
