"""The operator's admin at /operator/: tenants, their plans and first owners; nothing that tenants own."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse

from workspaces import isolation


class OperatorSite(admin.AdminSite):
    """Django's admin, for superusers only, in a transaction that sees tenants and memberships."""

    site_header = site_title = "Pipes operator"
    index_title = "This installation"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let active superusers in."""
        return request.user.is_active and request.user.is_superuser

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Bind each of the admin's views to the operator's policies."""
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def bound(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not self.has_permission(request):
                return inner(request, *args, **kwargs)
            with isolation.as_operator():
                response = inner(request, *args, **kwargs)
                if isinstance(response, TemplateResponse):
                    response.render()  # here, where its queries still see something
                return response

        bound.scope = "operator"  # type: ignore[attr-defined]
        return bound
