"""The forms of an integration's Advanced tab, but for that of the handle."""

from typing import Any, Final

from django import forms

from integrations.models import Integration
from workspaces.web.inputs import NumberField

LEAST_MINUTES: Final = 5
MOST_MINUTES: Final = 24 * 60
MOST_HOURS: Final = 7 * 24
MOST_CONNECTIONS: Final = 100_000


class ScheduleForm(forms.Form):
    """How often the integration syncs by itself."""

    minutes = NumberField(
        unit="minutes",
        label="Minutes between two syncs",
        min_value=LEAST_MINUTES,
        max_value=MOST_MINUTES,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            f"Enter a number of minutes from {LEAST_MINUTES} to {MOST_MINUTES:,} (a day).",
        ),
        help_text=f"From {LEAST_MINUTES} to {MOST_MINUTES:,} (a day).",
    )

    hours = NumberField(
        unit="hours",
        label="Hours between two full syncs while events come",
        required=False,
        min_value=1,
        max_value=MOST_HOURS,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), f"Enter a number of hours from 1 to {MOST_HOURS} (a week)."
        ),
        help_text=f"From 1 to {MOST_HOURS} (a week). Only where Events are enabled and known to come.",
    )

    def __init__(self, integration: Integration, data: Any = None) -> None:
        schedule = integration.schedule
        initial = {"minutes": schedule.interval_seconds // 60, "hours": schedule.rest_seconds // 3600}
        super().__init__(data, initial=initial, label_suffix="")


class DeletionLimitForm(forms.Form):
    """How much a scheduled sync may remove without being approved."""

    percent = NumberField(
        unit="%",
        label="Per cent of the connections",
        min_value=0,
        max_value=100,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), "Enter a number of per cent from 0 to 100."
        ),
        help_text="From 0 to 100; with 100 a sync never asks.",
    )
    connections = NumberField(
        unit="connections",
        label="Connections",
        min_value=0,
        max_value=MOST_CONNECTIONS,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            f"Enter a number of connections from 0 to {MOST_CONNECTIONS:,}.",
        ),
        help_text="With 0 here and 0 per cent, every removal has to be approved.",
    )

    def __init__(self, integration: Integration, data: Any = None) -> None:
        limits = {"percent": integration.deletion_limit_percent, "connections": integration.deletion_limit_count}
        super().__init__(data, initial=limits, label_suffix="")
