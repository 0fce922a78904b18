"""URLs of folders and connections: the same pages below a tenant and below an organization; and of workspaces."""

from django.urls import include, path

from connections.views import aggregators, export, manual_nodes, schemas, search_path, settings, tree, workspace

# Also of what a workspace owns; "new" is no number.
_HANDMADE = [
    path("connections/folders/new/", manual_nodes.folder_create, name="folder_create"),
    path("connections/folders/<int:folder>/delete/", manual_nodes.folder_delete, name="folder_delete"),
    path("connections/<int:connection>/delete/", manual_nodes.connection_delete, name="connection_delete"),
]

_PAGES = [
    *_HANDMADE,
    path("connections/", tree.connection_list, name="connection_list"),
    path("connections/folders/<int:folder>/", tree.folder_detail, name="folder_detail"),
    path("connections/export/", export.node_export, name="node_export"),
    path("connections/folders/<int:folder>/settings/", settings.folder_settings, name="folder_settings"),
]

# A workspace's tree is not one that it owns but one that it may use; its pages have the same names.
_WORKSPACE_PAGES = [
    *_HANDMADE,
    path("connections/", workspace.usable_list, name="connection_list"),
    path("connections/export/", export.usable_export, name="node_export"),
    path("connections/in-use/", schemas.schema_list, name="schema_list"),
    path("connections/folders/<int:folder>/", workspace.usable_folder, name="folder_detail"),
    path("connections/folders/<int:folder>/add/", schemas.folder_add, name="folder_add"),
    path("connections/folders/<int:folder>/remove/", schemas.folder_remove, name="folder_remove"),
    path("connections/<int:connection>/", workspace.usable_connection, name="connection_detail"),
    path("connections/<int:connection>/add/", schemas.connection_add, name="connection_add"),
    path("connections/<int:connection>/remove/", schemas.connection_remove, name="connection_remove"),
    path("aggregators/", aggregators.aggregator_list, name="aggregator_list"),
    path("aggregators/new/", aggregators.aggregator_create, name="aggregator_create"),
    path("aggregators/all_aws/", aggregators.all_aws, name="aggregator_all_aws"),
    path("aggregators/<int:aggregator>/", aggregators.aggregator_detail, name="aggregator_detail"),
    path("aggregators/<int:aggregator>/delete/", aggregators.aggregator_delete, name="aggregator_delete"),
    path("advanced/search-path/", search_path.search_path, name="search_path"),
]

urlpatterns = [
    path("tenants/<slug:tenant>/", include(_PAGES)),
    path("tenants/<slug:tenant>/orgs/<slug:organization>/", include(_PAGES)),
    path("tenants/<slug:tenant>/orgs/<slug:organization>/workspaces/<slug:workspace>/", include(_WORKSPACE_PAGES)),
]
