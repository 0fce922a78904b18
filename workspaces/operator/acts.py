"""The one way in which the operator's site changes anything: acts, each a small form that leads to one action.

Django's own forms for rows change nothing here, so whatever the operator does is an action, with its audit events.
"""

from typing import Any, ClassVar, TypeVar, cast

import structlog
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from workspaces.models import User
from workspaces.people.accounts import RefusedError
from workspaces.places.members import LastOwnerError

Row = TypeVar("Row", bound=Model)
logger = structlog.get_logger(__name__)


class Act(forms.Form):
    """Something that the operator does to a row, or (``target`` is None) to make one; asked about before it is done."""

    label: ClassVar[str]
    says: ClassVar[str]  # what it does, in a sentence or two
    prefilled: tuple[str, ...] = ()  # fields that begin with the row's own values
    leads_to = ""  # the page afterwards, where it is not the row's

    def __init__(self, *args: Any, target: Any, by: User, **kwargs: Any) -> None:
        self.target, self.by = target, by
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(target, name) for name in self.prefilled}

    @staticmethod
    def fits(target: Any) -> bool:
        """Return whether it makes sense for this row."""
        return True

    def perform(self) -> str:
        """Do it, and give the sentence that says so."""
        raise NotImplementedError


class ActAdmin(admin.ModelAdmin[Row]):
    """Shows rows to the operator, with a button for each act; there is no other way to change them here."""

    acts: ClassVar[dict[str, type[Act]]] = {}  # by the name that stands in the URL
    makers: ClassVar[dict[str, type[Act]]] = {}  # acts of the list
    actions = None
    list_filter: ClassVar[Any] = ()

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Show everything; the site has looked at who asks."""
        return True

    has_module_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Let the list be filtered by what it offers only: any other lookup could guess at secrets, sign by sign."""
        return lookup.removesuffix("__exact") in self.list_filter

    def get_urls(self) -> list[Any]:
        """Serve the list, the page of a row, and the acts; nothing else that Django's admin knows."""
        view, name = self.admin_site.admin_view(self.act), f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("acts/<slug:act>/", view, name=f"{name}_make"),
            path("<int:pk>/acts/<slug:act>/", view, name=f"{name}_act"),
            *(url for url in super().get_urls() if url.name in (f"{name}_changelist", f"{name}_change")),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        buttons = [(act.label, self._url("make", name)) for name, act in self.makers.items()]
        return super().changelist_view(request, (extra_context or {}) | {"act_buttons": buttons})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs["obj"]
        fitting = ((name, act) for name, act in self.acts.items() if act.fits(row))
        context["act_buttons"] = [(act.label, self._url("act", row.pk, name)) for name, act in fitting]
        return super().render_change_form(request, context, *args, **kwargs)

    def act(self, request: HttpRequest, act: str, pk: int | None = None) -> HttpResponse:
        target = None if pk is None else get_object_or_404(self.model, pk=pk)
        chosen = (self.makers if pk is None else self.acts).get(act)
        if chosen is None or not chosen.fits(target):
            raise Http404
        back = self._url("changelist") if pk is None else self._url("change", pk)
        by = cast("User", request.user)
        form = chosen(request.POST if request.method == "POST" else None, target=target, by=by)
        if form.is_valid() and self._perform(form, request):
            logger.info("operator acted", act=act, on=self.opts.model_name, pk=pk, operator=by.pk)
            return redirect(form.leads_to or back)
        context = self.admin_site.each_context(request) | {"opts": self.opts, "form": form, "back": back}
        return TemplateResponse(request, "admin/act.html", context | {"title": chosen.label, "original": target})

    def _perform(self, form: Act, request: HttpRequest) -> bool:
        try:
            with transaction.atomic():
                messages.success(request, form.perform())
        except (LastOwnerError, RefusedError) as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error(None, error.messages)
        return form.is_valid()

    def _url(self, kind: str, *arguments: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{kind}", args=arguments)
