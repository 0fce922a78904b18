"""The fields of connection options, made of the table of options."""

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from integrations.aws import regions
from integrations.connection_options import OPTIONS, Kind, Option
from integrations.forms.settings import SettingsForm
from integrations.models.settings import default_options
from workspaces.web.inputs import PLAIN, NumberField

# Steampipe compares error codes with patterns such as "AccessDenied*".
_ERROR_CODE: Final = re.compile(r"[A-Za-z0-9_.:*?-]{1,100}", re.ASCII)
_LONGEST_LIST: Final = 2000  # characters
_SHOWN: Final = 6  # regions that a sentence names
_NO_REGION: Final = {"invalid_choice": "AWS has no region %(value)s here. Choose from these."}


class ErrorCodesField(forms.CharField):
    """AWS's error codes, separated by commas; a list of them once it is clean."""

    is_mono = True

    def clean(self, value: Any) -> Any:
        codes = _parts(super().clean(value))
        for code in codes:
            if not _ERROR_CODE.fullmatch(code):
                raise ValidationError(f"{code} cannot be an error code: use letters, digits and . _ : - with * or ?.")
        return codes


def _field(option: Option) -> forms.Field:
    words: dict[str, Any] = {"label": option.label, "help_text": option.help_text}
    if option.kind == Kind.NUMBER:
        least = dict.fromkeys(("required", "invalid", "min_value"), f"Enter a number of {option.unit}, at least 1.")
        errors = least | {"max_value": f"Enter {option.most:,} at most."}
        return NumberField(**words, unit=option.unit, min_value=1, max_value=option.most, error_messages=errors)
    if option.kind == Kind.REGION:
        return forms.ChoiceField(**words, required=False, error_messages=_NO_REGION)
    widget = forms.TextInput(attrs=PLAIN)
    return ErrorCodesField(**words, required=False, max_length=_LONGEST_LIST, widget=widget)


# What pages show apart from the regions.
ADVANCED: Final = [one for one in OPTIONS.values() if one.kind != Kind.REGIONS]


class OptionsForm(SettingsForm):
    """Regions and advanced options; known regions are boxes, patterns are text."""

    all_regions = forms.ChoiceField(
        label="Regions",
        choices=[("all", "All regions"), ("some", "Specific regions")],
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose All regions or Specific regions."),
    )
    regions = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages=_NO_REGION,
    )
    region_patterns = forms.CharField(
        label="More regions, or patterns",
        required=False,
        max_length=_LONGEST_LIST,
        help_text="Separated by commas, with * and ? for any characters, such as us-*.",
        widget=forms.TextInput(attrs=PLAIN),
    )

    def __init__(self, options: Mapping[str, Any], data: Any = None, *, partition: str, **further: Any) -> None:
        """Start from the options; ``further`` is what is stored for the fields of a form that has more of them."""
        self.options, self.partition = options, partition
        known = {region.code: region.name for region in regions.regions(partition)}
        super().__init__(data, initial=_stored(options, known) | further, label_suffix="")
        choices = [(code, f"{code} · {name}") for code, name in known.items()]
        self.fields["regions"].choices = choices  # type: ignore[attr-defined]
        for one in ADVANCED:
            field = self.fields[one.name] = _field(one)
            if isinstance(field, forms.ChoiceField):
                field.choices = [("", "None"), *choices]

    @property
    def region_groups(self) -> list[tuple[str, list[forms.boundfield.BoundWidget]]]:
        """The boxes of the known regions, by the part of the world."""
        areas = {region.code: region.area for region in regions.regions(self.partition)}
        groups: dict[str, list[forms.boundfield.BoundWidget]] = {}
        for box in self["regions"]:
            groups.setdefault(areas[str(box.data["value"])], []).append(box)
        return sorted(groups.items())

    @property
    def advanced(self) -> list[forms.BoundField]:
        return [self[one.name] for one in ADVANCED]

    @property
    def has_advanced_errors(self) -> bool:
        return any(field.errors for field in self.advanced)

    def clean_region_patterns(self) -> list[str]:
        """Refuse a pattern that means no region: it would give no rows and no error, which nobody would notice."""
        patterns = _parts(self.cleaned_data["region_patterns"].lower())
        unknown = unknown_regions(patterns, self.partition)
        if unknown:
            raise ValidationError(
                f"AWS has no region that is called or matches {', '.join(unknown)} in its partition {self.partition}."
            )
        return patterns

    def clean(self) -> None:
        values = self.cleaned_data
        if values.get("all_regions") == "all":
            values["all"] = ["*"]
        elif values.get("all_regions") == "some" and {"regions", "region_patterns"} <= values.keys():
            values["all"] = list(dict.fromkeys([*values["regions"], *values["region_patterns"]]))
            if not values["all"]:
                del values["all"]
                self.add_error("all_regions", "Choose at least one region, or All regions.")

    @property
    def wanted(self) -> dict[str, Any]:
        """The options with the valid values; those that this form does not know stay as they are."""
        values = self.cleaned_data
        entered = {one.name: values[one.name] for one in ADVANCED if one.name in values}
        return {**self.options, **({"regions": values["all"]} if "all" in values else {}), **entered}


def _stored(options: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    options = default_options() | dict(options)  # what was stored before an option came has none of it
    is_all = options["regions"] == ["*"]
    stored = [] if is_all else options["regions"]
    advanced = {one.name: options[one.name] for one in ADVANCED}
    return {
        "all_regions": "all" if is_all else "some",
        "regions": [code for code in stored if code in known],
        "region_patterns": ", ".join(code for code in stored if code not in known),
    } | {name: ", ".join(value) if isinstance(value, list) else value for name, value in advanced.items()}


def unknown_regions(patterns: Iterable[str], partition: str) -> list[str]:
    """List the patterns that mean no region of the partition."""
    codes = [region.code for region in regions.regions(partition)]
    return [pattern for pattern in patterns if not any(fnmatchcase(code, pattern) for code in codes)]


def what_matches(patterns: Sequence[str], partition: str) -> str:
    """Say in words which regions of the partition these patterns mean now; nothing for none."""
    found = [one.code for one in regions.regions(partition) if any(fnmatchcase(one.code, each) for each in patterns)]
    if not found:
        return ""
    first, rest = ", ".join(found[:_SHOWN]), len(found) - _SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    return f"Matches {len(found)} region{'' if len(found) == 1 else 's'}: {first}{more}."


def _parts(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in re.split(r"[\s,]+", text) if part))
