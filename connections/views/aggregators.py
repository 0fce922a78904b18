"""A workspace's Aggregators: schemas that unite several connections."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connections import actions
from connections.delegation import MANAGE, USE, check_manage, may_manage
from connections.errors import ChangedMeanwhileError
from connections.forms.aggregator import AggregatorForm
from connections.models import Aggregator
from connections.schemas import aggregator_patterns, in_use, schema_names
from connections.schemas.aggregator_patterns import Matches
from connections.schemas.conflicts import mark_conflicts
from connections.schemas.in_use import Contents, workspace_of
from connections.schemas.rows import SchemaRow, totals
from workspaces.access import Access, Power
from workspaces.handles import ALL_AWS
from workspaces.scoping import workspace_view
from workspaces.views.delete_confirmation import ConfirmForm, show_delete
from workspaces.web import remembered
from workspaces.web.htmx import asks_about_field, field_status, render_page, search_text, what_to_judge
from workspaces.web.pagination import numbered_page

CHANGED_MEANWHILE = (
    "Somebody else changed this aggregator since you opened this page: it is {} now and unites {}. Save again to"
    " replace that with what you entered."
)


@dataclass(frozen=True, slots=True)
class AggregatorRow:
    """An aggregator, what it matches now, and the conflict when another schema has its name."""

    handle: str
    patterns: str
    matches: Matches
    url: str
    is_built_in: bool = False
    conflict: str = ""


@workspace_view(delegates=USE)
def aggregator_list(request: HttpRequest, access: Access) -> HttpResponse:
    """List the aggregators, ``all_aws`` first, with what they unite now."""
    text = search_text(request)
    inside = in_use.contents(workspace_of(access.scope))
    total = totals(inside)
    page = numbered_page(request, [row for row in inside.aggregators if text.lower() in row.handle])
    base = access.scope.url("aggregator_list")
    has_all_aws = total.has_all_aws and page.number == 1 and text.lower() in ALL_AWS
    rows = _rows(inside, list(page), base, has_all_aws=has_all_aws)
    context = {"page": page, "rows": rows, "q": text, "create_url": f"{base}new/", "total": total}
    context["acts"] = may_manage(access)
    return render_page(request, "connections/schemas/aggregators.html", context, parts=("list",))


def _rows(inside: Contents, aggregators: Sequence[Aggregator], base: str, *, has_all_aws: bool) -> list[AggregatorRow]:
    shown = [SchemaRow("aggregator", row.pk, row.handle) for row in aggregators]
    mark_conflicts(inside, shown)
    patterns = [["*"]] if has_all_aws else []
    counts = aggregator_patterns.count_matches(inside, [*patterns, *(row.patterns for row in aggregators)])
    built_in = [
        AggregatorRow(ALL_AWS, "all AWS connections in use", counts.pop(0), f"{base}{ALL_AWS}/", is_built_in=True)
        for _ in patterns
    ]
    return built_in + [
        AggregatorRow(row.handle, ", ".join(row.patterns), count, f"{base}{row.pk}/", conflict=schema.conflict)
        for row, count, schema in zip(aggregators, counts, shown, strict=True)
    ]


@workspace_view(Power.OWNER, delegates=MANAGE)
def aggregator_create(request: HttpRequest, access: Access) -> HttpResponse:
    scope = access.scope
    inside = in_use.contents(workspace_of(scope))
    form = _form(request, inside)
    if name := asks_about_field(request, form):
        return _status(request, inside, form, name)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_aggregator(
                scope=scope, handle=form.cleaned_data["handle"], patterns=form.cleaned_data["patterns"], by=access.user
            )
        except IntegrityError:  # somebody took the handle after it was checked
            form.add_error("handle", form.taken_error(form.cleaned_data["handle"]))
        else:
            messages.success(
                request,
                f"Created the aggregator {made.handle}. {aggregator_patterns.matches_now(inside, made.patterns)}",
            )
            return redirect(scope.url("aggregator_detail", aggregator=made.pk))
    context = {"form": form, "list_url": scope.url("aggregator_list"), "total": totals(inside)}
    return render(request, "connections/schemas/aggregator_create.html", context)


@workspace_view(delegates=USE)
def aggregator_detail(request: HttpRequest, access: Access, aggregator: int) -> HttpResponse:
    """Show which connections an aggregator unites now, and change it."""
    scope = access.scope
    inside = in_use.contents(workspace_of(scope))
    found = _get(inside, aggregator)
    form = _form(request, inside, found)
    if name := asks_about_field(request, form):
        return _status(request, inside, form, name)
    if request.method == "POST":
        check_manage(access)
        if form.is_valid() and (saved := _save(form, access, found)):
            messages.success(
                request,
                f"Saved the aggregator {saved.handle}. {aggregator_patterns.matches_now(inside, saved.patterns)}",
            )
            return redirect(request.path)
    shown = [SchemaRow("aggregator", found.pk, found.handle)]
    mark_conflicts(inside, shown)
    context = _matches(request, inside, found.patterns) | {
        "aggregator": found,
        "form": form,
        "acts": may_manage(access),
        "conflict": shown[0].conflict,
        "list_url": scope.url("aggregator_list"),
        "delete_url": scope.url("aggregator_delete", aggregator=found.pk),
    }
    return render_page(request, "connections/schemas/aggregator_detail.html", context, parts=("list",))


@workspace_view(delegates=USE)
def all_aws(request: HttpRequest, access: Access) -> HttpResponse:
    inside = in_use.contents(workspace_of(access.scope))
    context = _matches(request, inside, ["*"]) | {
        "aggregator": {"handle": ALL_AWS},
        "is_built_in": True,
        "list_url": access.scope.url("aggregator_list"),
    }
    return render_page(request, "connections/schemas/aggregator_detail.html", context, parts=("list",))


@workspace_view(Power.OWNER, delegates=MANAGE)
def aggregator_delete(request: HttpRequest, access: Access, aggregator: int) -> HttpResponse:
    found = _get(in_use.contents(workspace_of(access.scope)), aggregator)
    form = ConfirmForm(found.handle, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        actions.delete_aggregator(scope=access.scope, aggregator=found, by=access.user)
        messages.success(request, f"Deleted the aggregator {found.handle}.")
        return redirect(access.scope.url("aggregator_list"))
    warning = "Its schema goes from this workspace. The connections that it unites stay as they are."
    cancel_url = access.scope.url("aggregator_detail", aggregator=found.pk)
    return show_delete(request, form, what="aggregator", warning=warning, going=[], cancel_url=cancel_url)


def _get(inside: Contents, pk: int) -> Aggregator:
    for aggregator in inside.aggregators:
        if aggregator.pk == pk:
            return aggregator
    raise Http404


def _form(request: HttpRequest, inside: Contents, of: Aggregator | None = None) -> AggregatorForm:
    taken = {aggregator.handle for aggregator in inside.aggregators if of is None or aggregator.pk != of.pk}
    return AggregatorForm(
        what_to_judge(request),
        is_taken=taken.__contains__,
        initial={"handle": of.handle, "patterns": "\n".join(of.patterns), "seen": of.fingerprint} if of else None,
    )


def _status(request: HttpRequest, inside: Contents, form: AggregatorForm, name: str) -> HttpResponse:
    """Answer a check of one field as one types: of the patterns, what they match now."""
    if name != "patterns":
        return field_status(request, form, name)
    form.is_valid()
    return field_status(
        request, form, name, hint=aggregator_patterns.matches_now(inside, form.cleaned_data.get(name, ()))
    )


def _save(form: AggregatorForm, access: Access, found: Aggregator) -> Aggregator | None:
    try:
        return actions.change_aggregator(scope=access.scope, aggregator=found, by=access.user, **form.cleaned_data)
    except IntegrityError:  # somebody took the handle after it was checked
        form.add_error("handle", form.taken_error(form.cleaned_data["handle"]))
    except ChangedMeanwhileError:
        form.add_error(None, CHANGED_MEANWHILE.format(found.handle, ", ".join(found.patterns)))
        form.data = dict(form.data.items()) | {"seen": found.fingerprint}
    except Aggregator.DoesNotExist:
        raise Http404 from None
    return None


def _matches(request: HttpRequest, inside: Contents, wanted: Sequence[str]) -> dict[str, Any]:
    (matches,) = aggregator_patterns.count_matches(inside, [wanted])
    # Of names that several have in use only one counts as matched; each is listed.
    number = matches.total if inside.has_one_scope else remembered.number(aggregator_patterns.matching(inside, wanted))
    page = numbered_page(request, range(number))
    matching = aggregator_patterns.matching(inside, wanted, number)
    rows = schema_names.read(inside, matching, page.start_index() - 1, page.end_index()) if page.paginator.count else []
    mark_conflicts(inside, rows)
    return {"page": page, "rows": rows, "matches": matches}
