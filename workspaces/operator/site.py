"""The operator's site at /operator/: tenants, their plans and owners, and people; nothing that tenants own.

A page of the site is added in ``get_urls``, wrapped in ``admin_view``, which is what lets somebody in.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.template.response import TemplateResponse

from workspaces import audit, isolation
from workspaces.models import User
from workspaces.scoping import sign_in_first
from workspaces.sign_in import adapter

# Sign-in, password and sessions are the product's; what serves forms that change rows is not needed without such forms.
_LEFT_OUT = {"login", "logout", "password_change", "password_change_done", "autocomplete", "view_on_site"}


class OperatorSite(admin.AdminSite):
    """Django's admin, for superusers with a second factor, in a transaction that sees tenants and memberships."""

    site_header = site_title = "Pipes operator"
    index_title = "This installation"
    enable_nav_sidebar = False

    def get_urls(self) -> list[Any]:
        return [entry for entry in super().get_urls() if getattr(entry, "name", None) not in _LEFT_OUT]

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Let in who may, and bind each view to the operator's policies."""
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def bound(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if (refusal := self._refuse(request)) is not None:
                return refusal
            with audit.as_operator(), isolation.as_user(cast("User", request.user).pk), isolation.as_operator():
                response = inner(request, *args, **kwargs)
                if isinstance(response, TemplateResponse):
                    response.render()  # here, where its queries still see something
                return response

        bound.scope = "operator"  # type: ignore[attr-defined]
        return bound

    def _refuse(self, request: HttpRequest) -> HttpResponse | None:
        """Send away who is not signed in with a second factor; for anybody but superusers there is nothing here."""
        if not isinstance(request.user, User):
            return sign_in_first(request)
        if not self.has_permission(request):
            raise Http404
        if not adapter.has_second_factor(request.user):
            return render(request, "workspaces/operator_second_factor.html", status=403)
        if not adapter.used_second_factor(request, request.user):
            return redirect_to_login(request.get_full_path(), resolve_url("mfa_reauthenticate"))
        return None
