"""The Config tab: Discovery Settings and Connection Settings, each a card with its own *Save*."""

from collections.abc import Sequence
from copy import copy
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from connections.errors import ChangedMeanwhileError
from integrations import edit_conflicts
from integrations.access import failures, findings
from integrations.access_tests import results
from integrations.access_tests.request import request_test
from integrations.aws.identifiers import member_role_arn
from integrations.delegation import CONFIGURERS
from integrations.models import AccessTest, Integration
from integrations.models.access_test_values import Instead
from integrations.planning.handle_prefix import PrefixRefusedError
from integrations.planning.selection_tree import in_words
from integrations.settings import change
from integrations.trials import settings_trial
from integrations.views.frame import find_integration, integration_page
from integrations.views.wizard.setup_files import send_setup_file
from integrations.views.workspace_impact import show_impact
from integrations.wizard import expected, launch_links, setup_files, shell_lines
from integrations.wizard.steps.connection import ConnectionForm
from integrations.wizard.steps.discovery import DiscoveryForm
from workspaces.access import Access, Power
from workspaces.scoping import posted_from, scope_view
from workspaces.web.htmx import render_page

_DISCOVERY, _CONNECTION = AccessTest.Kind.DISCOVERY, AccessTest.Kind.CONNECTION


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_safe
def integration_config(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Show the Discovery Settings and the Connection Settings; secrets stay where they are."""
    return _show(request, access, find_integration(access, integration))


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@posted_from("integration_config")
def discovery_settings(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Start the trial of other discovery settings; nothing is saved before it was looked at."""
    found = find_integration(access, integration)
    wanted = copy(found)
    form = DiscoveryForm(wanted, request.POST)
    if form.is_valid():
        form.keep()
        wanted.discovery_external_id = found.next_discovery_external_id or found.discovery_external_id
        if findings.fingerprint(wanted, _DISCOVERY) == findings.fingerprint(found, _DISCOVERY):
            messages.info(request, "Nothing was changed: these are the settings that are in use.")
            return redirect(access.scope.url("integration_config", integration=found.handle))
        try:
            settings_trial.start(
                integration=found, wanted=wanted, version=request.POST.get("version", ""), by=access.user
            )
        except ChangedMeanwhileError as error:
            form.add_error(None, str(error))
        else:
            return redirect(access.scope.url("integration_trial", integration=found.handle))
    return _show(request, access, found, discovery=form)


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@posted_from("integration_config")
def connection_settings(request: HttpRequest, access: Access, integration: str) -> HttpResponse:
    """Save the Connection Settings, after its impact on workspaces was seen; or test the role in the accounts."""
    found = find_integration(access, integration)
    wanted = copy(found)
    form = ConnectionForm(wanted, request.POST)
    if not form.is_valid():
        return _show(request, access, found, connection=form)
    form.keep()
    if request.POST.get("do") == "test":
        try:
            _test(access, found, wanted)
        except ChangedMeanwhileError as error:
            form.add_error(None, str(error))
        return _show(request, access, found, connection=form)
    seen = request.POST.get("seen_impact", "")
    try:
        saved = change.change_connection_settings(
            integration=found, wanted=wanted, version=request.POST.get("version", ""), seen=seen, by=access.user
        )
    except ChangedMeanwhileError as error:
        form.add_error(None, str(error))
    except PrefixRefusedError as error:
        form.add_error("handle_prefix", str(error))
    except change.UnseenImpactError as unseen:
        act = f"Rename {unseen.renames:,} connection{'' if unseen.renames == 1 else 's'}"
        return show_impact(request, access, found, unseen, lead=_prefix_lead(wanted, unseen), act=act)
    else:
        messages.success(request, f"Saved the Connection Settings of {saved}.")
        return redirect(access.scope.url("integration_config", integration=found.handle))
    return _show(request, access, found, connection=form)


def _prefix_lead(wanted: Integration, unseen: change.UnseenImpactError) -> str:
    count = len(unseen.impacts)
    return (
        f"The Handle Prefix {wanted.handle_prefix or '(none)'} renames {unseen.renames:,} connections of {wanted}."
        f" {count:,} workspace{' uses' if count == 1 else 's use'} some of them. Search paths and patterns that people"
        " typed are never rewritten; where they mean something else then, it is listed."
    )


def _test(access: Access, integration: Integration, wanted: Integration) -> None:
    """Test what was typed, with the rotated external id where one waits; nothing of it is saved."""
    wanted.connection_external_id = integration.next_connection_external_id or integration.connection_external_id
    instead = Instead(member_role=wanted.member_role)
    edit_conflicts.hold(integration)
    request_test(wanted, _CONNECTION, by=access.user, now=timezone.now(), instead=instead, target=integration)


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: HttpRequest, access: Access, integration: str, kind: str) -> HttpResponse:
    found = find_integration(access, integration)
    if kind not in (_DISCOVERY, _CONNECTION):
        raise Http404
    config_url = access.scope.url("integration_config", integration=found.handle)
    if request.method == "POST":
        change.rotate_external_id(integration=found, kind=AccessTest.Kind(kind), by=access.user)
        return redirect(f"{config_url}#{kind}")
    context = integration_page(
        access, found, [("Config", config_url), ("Rotate the External ID", "")], used_for=kind, cancel_url=config_url
    )
    return render_page(request, "integrations/settings/rotate.html", context, parts=())


@scope_view(Power.OWNER, delegates=CONFIGURERS)
@require_safe
def config_download(request: HttpRequest, access: Access, integration: str, file: str) -> HttpResponse:
    """Give a template for one of the roles, with the rotated external id where one waits."""
    found = find_integration(access, integration)
    config_url = access.scope.url("integration_config", integration=found.handle)
    return send_setup_file(request, setup_files.to_be_set_up(found), file, back_url=config_url)


def _show(
    request: HttpRequest,
    access: Access,
    integration: Integration,
    *,
    discovery: DiscoveryForm | None = None,
    connection: ConnectionForm | None = None,
) -> HttpResponse:
    base = access.scope.url("integration_config", integration=integration.handle)
    setup, member_role = setup_files.to_be_set_up(integration), integration.member_role.name
    discovery, connection = discovery or DiscoveryForm(integration), connection or ConnectionForm(integration)
    context = integration_page(
        access,
        integration,
        [("Config", "")],
        key_setup=setup_files.key_setup(setup),
        discovery_steps=setup_files.discovery_steps(setup),
        launch_discovery=launch_links.for_discovery(setup),
        launch_members=launch_links.for_members(setup),
        discovery_lines=shell_lines.for_discovery(setup),
        member_policy=setup_files.policy_of(setup),
        member_lines=shell_lines.for_members(setup),
        member_steps=setup_files.member_steps(setup),
        why_no_stackset=setup_files.why_no_stackset(setup),
        where_stackset_goes=setup_files.where_stackset_goes(setup),
        other_mirrors=setup_files.other_mirrors(setup, integration.source_organization_id, names_them=access.can_own),
        discovery=discovery,
        connection=connection,
        discovery_stored=stored_now(discovery),
        connection_stored=stored_now(connection),
        member_role=member_role_arn(findings.partition_of(integration), "{account id}", member_role),
        trial=settings_trial.find(integration, now=timezone.now()),
        selection_words=in_words(integration.chosen, integration.known_selection),
        urls={
            name: f"{base}{name}/" for name in ("discovery", "connection", "accounts", "trial", "rotate", "downloads")
        },
        current_url=base,
        **_connection_test(request, integration, base, connection),
    )
    return render_page(request, "integrations/settings/config.html", context, parts=("report",))


def stored_now(form: Form) -> Sequence[tuple[str, str]]:
    """Give what is stored where something else was entered, for a form that was refused as a whole."""
    if not form.non_field_errors():
        return ()
    names = [name for name in form.changed_data if name in form.initial]
    return [(str(form[name].label), _text(form.initial[name])) for name in names]


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "None" if value in ("", None) else str(value)


def _connection_test(request: HttpRequest, integration: Integration, url: str, form: ConnectionForm) -> dict[str, Any]:
    """Give the newest test, and whether it was of what the page shows; the part that follows it sends what that was."""
    test = results.newest(integration, _CONNECTION, now=timezone.now())
    if test is None or not test.instead:  # those of the wizard were about the draft
        return {"test": None}
    shown = copy(form.settings)
    shown.connection_external_id = integration.next_connection_external_id or integration.connection_external_id
    about = "" if form.errors else findings.fingerprint(shown, _CONNECTION)
    about = request.GET.get("about", about)
    shown.member_role = test.tried_instead.member_role or shown.member_role
    has_failed = test.state == AccessTest.State.FAILED
    return {
        "test": test,
        "step_url": url,
        "about": about,
        "is_about_these": test.fingerprint == about,
        "expected": expected.of_members(shown) if has_failed else [],
        **failures.shown(test.found.results),
    }
