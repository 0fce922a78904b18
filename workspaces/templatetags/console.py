"""Template tags of the console: the small parts that need more than HTML. Built in, so that no template loads them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from lucide import _render_icon as render_icon

from workspaces.access import Access, Power, Scope
from workspaces.delegation.held import Holdings
from workspaces.delegation.verbs import VERBS_OF, Verb
from workspaces.models import User
from workspaces.sign_in.second_factors import codes_left, is_readable
from workspaces.sign_in.sessions import browser
from workspaces.web.inputs import NumberField
from workspaces.wording.durations import duration_in_words
from workspaces.wording.names import isolated

register = template.Library()
register.filter("browser", browser)
register.filter("codes_left", codes_left)
register.filter("duration_in_words", duration_in_words)
register.filter("isolated", isolated)
register.filter("is_readable", is_readable)

_AVATAR_COLOURS = 6
_JUST_NOW = 10  # seconds
_UNITS = (("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_ALL, _OWNERS = Power.MEMBER, Power.OWNER
_LOG = ("Activity", "audit_log", _OWNERS, (Verb.VIEW_AUDIT_LOG,))
_OF_MIRRORS = (
    ("Integrations", "integration_list", _OWNERS, (Verb.VIEW_INTEGRATION,)),
    ("Connections", "connection_list", _OWNERS, VERBS_OF["folder"] + VERBS_OF["connection"]),
)
_TABS = {
    # level: (label, URL name, who sees it by a role, and by what verbs); the first one is where the place opens
    "tenant": (
        ("Organizations", "tenant_settings", _OWNERS, ()),
        ("People", "people", _OWNERS, ()),
        *_OF_MIRRORS,
        _LOG,
        ("Advanced", "tenant_advanced", _OWNERS, ()),
    ),
    "org": (
        ("Workspaces", "organization_home", _ALL, ()),
        ("People", "people", _ALL, ()),
        *_OF_MIRRORS,
        _LOG,
        ("Advanced", "organization_advanced", _OWNERS, ()),
    ),
    "workspace": (
        ("Connections", "connection_list", _ALL, (Verb.USE_SCHEMAS,)),
        ("Aggregators", "aggregator_list", _ALL, (Verb.USE_SCHEMAS,)),
        ("People", "people", _ALL, ()),
        ("Activity", "audit_log", _OWNERS, ()),
        ("Advanced", "workspace_advanced", _ALL, ()),
    ),
}
# Where there are no Tenant Settings: owners see to owners and read the audit log on every plan.
_TABS_OF_PLAIN_TENANTS = (("Organizations", "tenant_home", _OWNERS, ()), ("People", "people", _OWNERS, ()), _LOG)
_PEOPLE = (
    ("People", "people"),
    ("Service accounts", "service_accounts"),
    ("Delegates", "place_delegates"),
    ("Tokens", "tenant_tokens"),
)
ACTIVITY = (("Audit Log", "audit_log"), ("Processes", "process_list"))


@register.filter
def who(user: User) -> str:
    """Name a person in a sentence, and a service account as one."""
    return f"service account {user}" if user.is_service_account else str(user)


@register.simple_tag
def icon(name: str, size: int = 16, classes: str = "") -> SafeString:
    """Draw a Lucide icon; it says nothing to screen readers, so a control that has nothing else needs a name."""
    return _drawn(name, size, f"icon {classes}".strip())


@lru_cache(maxsize=256)
def _drawn(name: str, size: int, classes: str) -> SafeString:
    drawn = render_icon(name, size, **{"aria-hidden": "true", "focusable": "false", "class": classes})
    # Names and classes stand in our templates; nobody types them.
    return SafeString(drawn)  # nosec B703


@register.simple_tag
def avatar(who: object, classes: str = "") -> SafeString:
    """Draw initials of a place or person in a colour that stays the same for its name."""
    name = str(who)
    words = [word for word in name.replace("-", " ").replace("_", " ").split() if word]
    initials = (words[0][0] + words[1][0]) if len(words) > 1 else name[:2]
    colour = sum(name.encode()) % _AVATAR_COLOURS
    return format_html('<span class="avatar avatar-{} {}" aria-hidden="true">{}</span>', colour, classes, initials)


@register.simple_tag
def chip(text: object, tone: str = "") -> SafeString:
    """Show a state or a property; tones are green, amber, red and blue, none is grey."""
    return format_html('<span class="chip{}">{}</span>', f" chip-{tone}" if tone else "", text)


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """Say how long ago (or until) a moment is, with the exact UTC time on hover; nothing for None."""
    if moment is None:
        return SafeString("")
    exact = moment.astimezone(timezone.get_fixed_timezone(0))
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        exact.isoformat(timespec="seconds"),
        exact.strftime("%Y-%m-%d %H:%M:%S"),
        relative(moment, timezone.now()),
    )


def relative(moment: datetime, now: datetime) -> str:
    """Say in words how far a moment is from now, in the largest unit that fits.

    What is to come is rounded before, by the next smaller unit: of seven days that have just begun, six would be wrong.
    """
    seconds = round((now - moment).total_seconds())
    size = abs(seconds)
    if size < _JUST_NOW:
        return "just now"
    for (unit, length), (_, smaller) in zip(_UNITS, (*_UNITS[1:], _UNITS[-1]), strict=True):
        rounded = size if seconds > 0 else round(size / smaller) * smaller
        if rounded >= length:
            words = f"{rounded // length} {unit}{'' if rounded // length == 1 else 's'}"
            break
    return f"{words} ago" if seconds > 0 else f"in {words}"


@register.filter
def suggestion(bound: BoundField) -> str:
    """Give what would do instead of a value that was refused, where its error says so."""
    said = [(error.params or {}).get("suggestion") for error in bound.errors.as_data()]
    return next((one for one in said if one), "")


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, check: str = "", mono: bool = False, placeholder: bool = True) -> dict[str, object]:
    """Show a form field: label, control, help, and the error sentence that the control is described by.

    ``check`` is a URL that is asked about the value as one types (``htmx.field_status``); ``mono`` is for handles and
    ids; without ``placeholder`` the one that the sign-in library sets, which repeats the label, is dropped.
    """
    widget = bound.field.widget
    kind = "choices" if isinstance(widget, RadioSelect | CheckboxSelectMultiple) else "plain"
    unit = bound.field.unit if isinstance(bound.field, NumberField) else ""
    described = [f"{bound.auto_id}-{part}" for part, said in (("unit", unit), ("help", bound.help_text)) if said]
    attributes: dict[str, Any] = {"aria-describedby": " ".join([*described, f"{bound.auto_id}-status"])}
    wrong = bound.form.errors if bound.form.is_bound else ()
    is_first_wrong = bound.name == next((name for name in bound.form.fields if name in wrong), None)
    if is_first_wrong:  # the focus goes there without script too
        attributes["autofocus"] = True
    if not placeholder:
        attributes["placeholder"] = False
    if check:
        attributes |= {
            "hx-get": check,
            "hx-trigger": "input changed delay:300ms",
            "hx-target": f"#{bound.auto_id}-status",
            "hx-sync": "this:replace",
        }
    return {
        "field": bound,
        "control": bound.as_widget(attrs=attributes) if kind == "plain" else "",
        "kind": "checkbox" if isinstance(widget, CheckboxInput) else kind,
        "mono": mono,
        "unit": unit,
        "is_first_wrong": is_first_wrong,
    }


@register.simple_tag
@cache
def static(path: str) -> str:
    """Give the address of a static file: each page names twenty, and Django's tag puts each together anew."""
    return staticfiles_storage.url(path)


@register.inclusion_tag("components/copy.html")
def copy(value: object, label: str = "", block: bool = False) -> dict[str, object]:
    """Show an id, ARN or text in monospace with a button that copies it; ``block`` for texts of several lines."""
    return {"value": value, "label": label or str(value), "block": block}


@register.simple_tag(takes_context=True)
def search_url(context: Context) -> str:
    """Give the address of the search from where the request is."""
    access: Access | None = context.get("access")
    return access.scope.url("search") if access else reverse("search_anywhere")


@register.inclusion_tag("components/places.html", takes_context=True)
def places(context: Context) -> dict[str, object]:
    """Show where the request is: tenant, organization, workspace, each with the button that switches it."""
    access: Access | None = context.get("access")
    if access is None:
        return {"places": [_place("tenant", None, "", reverse("switch_tenant"))]}
    tenant = Scope(access.scope.tenant)
    all_tenants = f"{reverse('switch_tenant')}?from={tenant.place.handle}"
    shown = [_place("tenant", tenant, "tenant_home", all_tenants)]
    organization = Scope(tenant.tenant, access.scope.organization) if access.scope.organization else None
    shown.append(_place("organization", organization, "organization_home", tenant.url("switch_organization")))
    if organization:
        workspace = access.scope if access.scope.workspace else None
        shown.append(_place("workspace", workspace, "workspace_home", organization.url("switch_workspace")))
    return {"places": shown}


def _place(word: str, scope: Scope | None, home: str, switch_url: str) -> dict[str, object]:
    return {"word": word, "place": scope and scope.place, "url": scope and scope.url(home), "switch_url": switch_url}


@register.inclusion_tag("components/tabs.html", takes_context=True)
def place_tabs(context: Context) -> dict[str, object]:
    """Show the tabs of the place that the request is in; current is the longest URL that the path starts with."""
    access: Access | None = context.get("access")
    tabs = _tabs(context, list(visible_tabs(access)) if access else [], "Sections")
    # Counted by whoever knows integrations, and asked for only where the tab is.
    return tabs | {"counts": context.get("waiting_counts")}


@register.inclusion_tag("components/tabs.html", takes_context=True)
def activity_tabs(context: Context) -> dict[str, object]:
    """Show the parts of the Activity tab, as soon as there is more than one."""
    access: Access = context["access"]
    scope, tenant = access.scope, Scope(access.scope.tenant)
    has_settings = access.scope.tenant.is_custom
    has_processes = access.can_own and (scope.organization or has_settings)
    tabs = list(_existing(scope, ACTIVITY if has_processes else ACTIVITY[:1]))
    if scope.level == "org" and access.is_tenant_owner and not has_settings:
        tabs.append((f"Audit Log of {tenant}", tenant.url("audit_log")))
    return _tabs(context, tabs if len(tabs) > 1 else [], "Activity") | {"classes": "subtabs"}


@register.inclusion_tag("components/tabs.html", takes_context=True)
def people_tabs(context: Context) -> dict[str, object]:
    """Show the parts of the People tab to owners; others see the people only."""
    access: Access = context["access"]
    tabs = list(_existing(access.scope, _PEOPLE if access.can_own else ()))
    return _tabs(context, tabs if len(tabs) > 1 else [], "People") | {"classes": "subtabs"}


def _tabs(context: Context, tabs: list[tuple[str, str]], label: str) -> dict[str, object]:
    matching = [url for _, url in tabs if context["request"].path.startswith(url)]
    current = max(matching, key=len, default=tabs[0][1] if tabs else "")
    return {"tabs": tabs, "current": current, "label": label}


def visible_tabs(access: Access) -> Iterator[tuple[str, str]]:
    """Give the tabs of the access's place that this person may open, each with its URL."""
    is_plain = access.scope.level == "tenant" and not access.scope.tenant.is_custom
    tabs = _TABS_OF_PLAIN_TENANTS if is_plain else _TABS[access.scope.level]
    held = access.held_here if access.power < Power.OWNER else Holdings()
    shown = [(label, name) for label, name, needs, verbs in tabs if access.power >= needs or held.that_give(*verbs)]
    if shown and access.scope.level == "tenant" and not access.can_own:
        shown.insert(0, ("Organizations", "tenant_home"))
    elif shown and access.power == Power.NONE:  # of a workspace: who has a role there finds it under Advanced
        shown.append(("Search path", "search_path"))
    yield from _existing(access.scope, shown)


def _existing(scope: Scope, tabs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for label, name in tabs:
        try:
            yield label, scope.url(name)
        except NoReverseMatch:
            continue
