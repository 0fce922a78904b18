"""Step 4: Connection Settings."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from integrations.aws import regions
from integrations.aws.identifiers import check_role_name, pasted
from integrations.models import Draft
from integrations.wizard import setup_files
from integrations.wizard.steps.step import StepForm
from workspaces.handles import why_system_owned

PREFIX_MAX_LENGTH: Final = 40
validate_prefix = RegexValidator(
    rf"^[a-z][a-z0-9_]{{0,{PREFIX_MAX_LENGTH - 1}}}\Z",
    "Start with a lower-case letter, then use lower-case letters, digits and underscores,"
    f" {PREFIX_MAX_LENGTH} characters at most: the prefix becomes the beginning of schema names.",
)
# Steampipe compares error codes with patterns such as "AccessDenied*".
_ERROR_CODE: Final = re.compile(r"[A-Za-z0-9_.:*?-]{1,100}", re.ASCII)
_PLAIN: Final = {"autocapitalize": "none", "spellcheck": "false"}
_MOST_ATTEMPTS: Final = 1000
_LONGEST_DELAY: Final = 600_000
_LONGEST_LIST: Final = 2000  # characters


def _number(least_sentence: str, most: int) -> dict[str, Any]:
    return {
        "min_value": 1,
        "max_value": most,
        "error_messages": dict.fromkeys(("required", "invalid", "min_value"), least_sentence)
        | {"max_value": f"Enter {most:,} at most."},
    }


class ConnectionForm(StepForm):
    """The prefix, the role in each account, and what all connections start with."""

    handle_prefix = forms.CharField(
        label="Handle Prefix",
        required=False,
        validators=[validate_prefix],
        help_text="Pre-pended to the names of connections created from this integration, such as acme_.",
        widget=forms.TextInput(attrs=_PLAIN | {"maxlength": PREFIX_MAX_LENGTH}),
    )
    role_name = forms.CharField(
        label="Role Name",
        error_messages={"required": "Enter the name of the role that each account has."},
        help_text="The same in every account; the Role ARN of each is made of its account id and this name.",
        widget=forms.TextInput(attrs=_PLAIN | {"maxlength": 64}),
    )
    all_regions = forms.ChoiceField(
        label="Regions",
        choices=[("all", "All regions"), ("some", "Specific regions")],
        widget=forms.RadioSelect,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose All regions or Specific regions."),
    )
    regions = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "AWS has no region %(value)s here. Choose from these."},
    )
    region_patterns = forms.CharField(
        label="More regions, or patterns",
        required=False,
        max_length=_LONGEST_LIST,
        help_text="Separated by commas, with * and ? for any characters, such as us-*.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    default_region = forms.ChoiceField(
        label="Default Region",
        required=False,
        error_messages={"invalid_choice": "AWS has no region %(value)s here. Choose from these."},
        help_text="Asked first, and for what belongs to no region.",
    )
    max_error_retry_attempts = forms.IntegerField(
        label="Max Retry Attempts", **_number("Enter a number of attempts, at least 1.", _MOST_ATTEMPTS)
    )
    min_error_retry_delay = forms.IntegerField(
        label="Min Error Retry Delay",
        help_text="In milliseconds.",
        **_number("Enter a number of milliseconds, at least 1.", _LONGEST_DELAY),
    )
    ignore_error_codes = forms.CharField(
        label="Ignore Error Codes",
        required=False,
        max_length=_LONGEST_LIST,
        help_text="Separated by commas, with * for any characters, such as AccessDenied, UnauthorizedOperation.",
        widget=forms.TextInput(attrs=_PLAIN),
    )

    def __init__(self, draft: Draft, data: Any = None) -> None:
        self.partition = setup_files.partition_of(draft) or "aws"
        self.known = {region.code: region.name for region in regions.regions(self.partition)}
        super().__init__(draft, data)
        choices = [(code, f"{code} · {name}") for code, name in self.known.items()]
        self.fields["regions"].choices = choices  # type: ignore[attr-defined]
        self.fields["default_region"].choices = [("", "None"), *choices]  # type: ignore[attr-defined]

    def stored(self, draft: Draft) -> dict[str, Any]:
        """Give the options apart: known regions are boxes, patterns are text."""
        options = draft.options
        is_all = options["regions"] == ["*"]
        stored = [] if is_all else options["regions"]
        return {
            "handle_prefix": draft.handle_prefix,
            "role_name": setup_files.member_role_name(draft),
            "all_regions": "all" if is_all else "some",
            "regions": [code for code in stored if code in self.known],
            "region_patterns": ", ".join(code for code in stored if code not in self.known),
            "default_region": options["default_region"],
            "max_error_retry_attempts": options["max_error_retry_attempts"],
            "min_error_retry_delay": options["min_error_retry_delay"],
            "ignore_error_codes": ", ".join(options["ignore_error_codes"]),
        }

    def clean_handle_prefix(self) -> str:
        """Refuse one with which no connection could be a schema."""
        prefix: str = self.cleaned_data["handle_prefix"]
        if prefix != self.initial.get("handle_prefix") and (why := why_system_owned(prefix)):
            raise ValidationError(f"{why} Choose another prefix.")
        return prefix

    def clean_role_name(self) -> str:
        """Refuse what IAM would refuse."""
        try:
            return check_role_name(pasted(self.cleaned_data["role_name"]))
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean_region_patterns(self) -> list[str]:
        """Refuse a pattern that means no region: it would give no rows and no error, which nobody would notice."""
        patterns = _parts(self.cleaned_data["region_patterns"].lower())
        unknown = unknown_regions(patterns, self.partition)
        if unknown:
            raise ValidationError(
                f"AWS has no region that is called or matches {', '.join(unknown)} in its partition {self.partition}."
            )
        return patterns

    def clean_ignore_error_codes(self) -> list[str]:
        """Refuse what can be no error code of AWS."""
        codes = _parts(self.cleaned_data["ignore_error_codes"])
        for code in codes:
            if not _ERROR_CODE.fullmatch(code):
                raise ValidationError(f"{code} cannot be an error code: use letters, digits and . _ : - with * or ?.")
        return codes

    def clean(self) -> None:
        """Bring the regions together."""
        values = self.cleaned_data
        if values.get("all_regions") == "all":
            values["all"] = ["*"]
        elif values.get("all_regions") == "some" and {"regions", "region_patterns"} <= values.keys():
            values["all"] = list(dict.fromkeys([*values["regions"], *values["region_patterns"]]))
            if not values["all"]:
                del values["all"]
                self.add_error("all_regions", "Choose at least one region, or All regions.")

    def keep(self) -> None:
        """Keep the valid values; options that this form does not know stay as they are."""
        draft, values = self.draft, self.cleaned_data
        draft.handle_prefix = values.get("handle_prefix", draft.handle_prefix)
        draft.role_name = values.get("role_name", draft.role_name)
        options = {"regions": values["all"]} if "all" in values else {}
        for name in ("default_region", "max_error_retry_attempts", "min_error_retry_delay", "ignore_error_codes"):
            if name in values:
                options[name] = values[name]
        draft.options = {**draft.options, **options}


def unknown_regions(patterns: Iterable[str], partition: str) -> list[str]:
    """List the patterns that mean no region of the partition."""
    codes = [region.code for region in regions.regions(partition)]
    return [pattern for pattern in patterns if not any(fnmatchcase(code, pattern) for code in codes)]


def _parts(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in re.split(r"[\s,]+", text) if part))
