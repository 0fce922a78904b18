"""The Activity tab: the audit log of a tenant, an organization or a workspace."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode

from workspaces.access import Access, Power, holds
from workspaces.audit import activity, objects, sentences
from workspaces.audit.activity import Filters
from workspaces.delegation.verbs import Verb
from workspaces.forms.audit_filter import ActivityForm
from workspaces.scoping import scope_view
from workspaces.web.htmx import render_page

_READ = holds(Verb.VIEW_AUDIT_LOG)


@scope_view(Power.OWNER, with_workspace=True, delegates=_READ)
def audit_log(request: HttpRequest, access: Access) -> HttpResponse:
    """Show what happened in the place, newest first, filtered by what stands in the URL."""
    form = ActivityForm(request.GET)
    filters = form.filters
    context: dict[str, object] = {"form": form, "filters": filters, "log_url": access.scope.url("audit_log")}
    context["object_url"] = access.scope.url("audit_object")
    context["log"] = activity.page_of(access.scope, filters, before=form.cleaned_data.get("before"))
    context |= {"csv_url": access.scope.url("audit_log_csv"), "is_filtered": filters != Filters()}
    context["kind"] = sentences.kind_name(filters.kind)
    return render_page(request, "workspaces/audit_log.html", context, parts=("list",))


@scope_view(Power.OWNER, with_workspace=True, delegates=_READ)
def audit_object(request: HttpRequest, access: Access) -> HttpResponse:
    """Lead from the name of a thing in the log to its page; where it has none any more, to all that happened to it.

    Delegates, who may read the log and not open all that it names, are led to that alone.
    """
    kind, object_id = request.GET.get("kind", ""), request.GET.get("object_id", "")
    if access.can_own:
        url = objects.url_of(access, kind, object_id)
        if url:
            return redirect(url)
        messages.info(request, "It has no page, or is not there any more. This is what happened to it.")
    return redirect(f"{access.scope.url('audit_log')}?{urlencode({'kind': kind, 'object_id': object_id})}")


@scope_view(Power.OWNER, with_workspace=True, delegates=_READ)
def audit_log_csv(request: HttpRequest, access: Access) -> HttpResponse:
    """Send the same events, up to a bound, as a CSV file.

    It is written before it is sent: what is streamed is read after this transaction has ended, and would see no row.
    """
    name = f"audit-log-{str(access.scope).replace('/', '-')}-{timezone.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name)}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=headers)
    activity.export_csv(response, scope=access.scope, filters=ActivityForm(request.GET).filters, by=access.user)
    return response
