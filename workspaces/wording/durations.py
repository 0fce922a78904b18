"""Lengths of time in sentences."""

from datetime import timedelta
from typing import Final

from django.contrib.humanize.templatetags.humanize import apnumber

_UNITS: Final = (("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


def duration_in_words(length: timedelta) -> str:
    """Say how long something lasts, as in “30 days”, “an hour” or “three minutes”; seconds are left out."""
    if length.days > 1:
        return f"{length.days} days"
    for name, unit in _UNITS:
        if number := length // unit:
            one = "an" if name == "hour" else "a"
            return f"{one} {name}" if number == 1 else f"{apnumber(number)} {name}s"
    return "a moment"
