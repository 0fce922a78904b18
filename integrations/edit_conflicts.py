"""Two people editing one thing at once: the second sees who changed what, and nothing is overwritten unseen."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db.models import Model

from connections.errors import ChangedMeanwhileError
from integrations.connection_options import OPTIONS
from integrations.models import Integration, SyncSchedule
from workspaces.access import why_only_kept
from workspaces.models import AuditEvent

# Properties as the pages call them.
_LABELS = {
    "access_mode": "Access Mode",
    "role_arn": "Role ARN",
    "access_key_id": "Access Key",
    "secret_key": "Secret Key",
    "discovery_external_id": "External ID",
    "handle_prefix": "Handle Prefix",
    "role_name": "Role Name",
    "connection_external_id": "External ID",
    "member_policy": "Policy",
    **{name: one.label for name, one in OPTIONS.items()},
    "handle": "Handle",
    "accounts_to_mirror": "Accounts to mirror",
    "interval_minutes": "interval of the schedule",
    "rest_hours": "interval while events come",
    "percent": "deletion limit",
    "connections": "deletion limit",
    "topics": "events",
    "to_owners": "emails to owners",
    "addresses": "addresses",
    "name": "Name",
    "origin": "URL",
    "is_on": "Switched on",
}


def lock(integration: Integration, *, version: str | None = None) -> Integration:
    """Lock an integration that is to be changed, as ``hold`` does.

    Raises PermissionDenied, too, where the tenant's plan does not allow it any more.
    """
    current = hold(integration, version=version)
    check_plan(current)
    return current


def hold(integration: Integration, *, version: str | None = None) -> Integration:
    """Lock an integration against syncs and other people until the transaction ends, and give it as it is now.

    ``version`` is the one that the person's page was made from, as their form says; None where any will do. Raises
    ChangedMeanwhileError when there is a newer one, and when somebody deleted the integration.
    """
    schedule = SyncSchedule.objects.select_for_update().filter(pk=integration.pk)
    if not schedule.exists():
        raise ChangedMeanwhileError(f"Somebody deleted the integration {integration.handle} meanwhile.")
    found = Integration.objects.select_related("tenant", "organization", "root_folder")
    current = found.select_for_update(of=("self",)).get(pk=integration.pk)
    if version not in (None, str(current.version)):
        raise ChangedMeanwhileError(who_changed(current))
    return current


def check_plan(integration: Integration) -> None:
    """Raise PermissionDenied with the reason where the tenant's plan does not allow the integration any more."""
    if why := why_only_kept(integration.scope):
        raise PermissionDenied(why)


def who_changed(target: Model) -> str:
    """Say who changed something last: what, and when."""
    kind = target._meta.model_name or ""
    events = AuditEvent.objects.filter(object_kind=kind, object_id=str(target.pk), details__has_key="after")
    event = events.order_by("-happened_at", "-pk").first()
    if event is None:
        return "It was changed since you opened this page. Nothing was saved; compare and save again."
    return (
        f"{event.actor} changed the {_what(event.details)} {_when(event.happened_at)}, after you opened this page."
        " Nothing of yours was saved: what you entered is still below. Compare it with what is stored now, and save"
        " again."
    )


def _what(details: dict[str, object]) -> str:
    before, after = details.get("before"), details.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return "settings"
    changed = [name for name in after if before.get(name) != after[name]]
    words = list(dict.fromkeys(_LABELS.get(name, name) for name in changed))
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "settings"


def _when(moment: datetime) -> str:
    return f"at {moment:%H:%M} UTC on {moment:%-d %B}"
