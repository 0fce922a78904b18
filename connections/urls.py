"""URLs of folders and connections: the same pages below a tenant and below an organization."""

from django.urls import include, path

from connections.views import permissions, settings, tree

_PAGES = [
    path("connections/", tree.connection_list, name="connection_list"),
    path("connections/folders/<int:folder>/", tree.folder_detail, name="folder_detail"),
    path("connections/folders/<int:folder>/settings/", settings.folder_settings, name="folder_settings"),
    path("connections/folders/<int:folder>/permissions/", permissions.folder_permissions, name="folder_permissions"),
    path(
        "connections/<int:connection>/permissions/", permissions.connection_permissions, name="connection_permissions"
    ),
    path("connections/<int:connection>/", settings.connection_detail, name="connection_detail"),
]

urlpatterns = [
    path("tenants/<str:tenant>/", include(_PAGES)),
    path("tenants/<str:tenant>/orgs/<str:organization>/", include(_PAGES)),
]
