"""The operator's admin."""

from django.contrib.admin.apps import AdminConfig


class OperatorAdminConfig(AdminConfig):
    """Django's admin under /operator/, for superusers only."""

    default_site = "workspaces.operator.OperatorSite"
