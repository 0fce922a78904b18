"""Step 4: Connection Settings."""

from typing import Any, Final, cast

from django import forms
from django.core.exceptions import ValidationError

from integrations.access import findings
from integrations.access.findings import partition_of
from integrations.aws.identifiers import check_role_name, pasted
from integrations.forms.connection_options import OptionsForm, unknown_regions
from integrations.forms.settings import SettingsForm
from integrations.models import AccessTest, Draft
from integrations.models.settings import NamedSettings
from integrations.planning import handle_prefix
from integrations.planning.handle_prefix import Example
from integrations.wizard import setup_files, shell_lines
from integrations.wizard.steps.step import Step, UrlOf
from workspaces.handles import HandleValidator, node_handle_like, why_system_owned
from workspaces.web.inputs import PLAIN

PREFIX_MAX_LENGTH: Final = 40


def _prefix_like(text: str) -> str:
    """Make a prefix of what somebody typed; what ends in no letter or digit was to end so."""
    made = node_handle_like(text)
    return f"{made[: PREFIX_MAX_LENGTH - 1]}_" if made and not text.rstrip()[-1].isalnum() else made[:PREFIX_MAX_LENGTH]


validate_prefix = HandleValidator(
    rf"^[a-z][a-z0-9_]{{0,{PREFIX_MAX_LENGTH - 1}}}\Z",
    "Start with a lower-case letter, then use lower-case letters, digits and underscores,"
    f" {PREFIX_MAX_LENGTH} characters at most: the prefix becomes the beginning of schema names.",
    _prefix_like,
)


class ConnectionForm(OptionsForm):
    """The prefix, the role in each account, and the options that all connections start with."""

    field_order = ("handle_prefix", "role_name")

    handle_prefix = forms.CharField(
        label="Handle Prefix",
        required=False,
        validators=[validate_prefix],
        help_text="Pre-pended to the names of connections created from this integration, such as acme_.",
        widget=forms.TextInput(attrs=PLAIN | {"maxlength": PREFIX_MAX_LENGTH}),
    )
    role_name = forms.CharField(
        label="Role Name",
        error_messages={"required": "Enter the name of the role that each account has."},
        help_text="The same in every account; the Role ARN of each is made of its account id and this name.",
        widget=forms.TextInput(attrs=PLAIN | {"maxlength": 64}),
    )

    def __init__(self, settings: NamedSettings, data: Any = None) -> None:
        super().__init__(
            settings.options,
            data,
            partition=partition_of(settings),
            handle_prefix=settings.handle_prefix,
            role_name=settings.member_role.name_or_default,
        )
        self.settings = settings

    def clean_handle_prefix(self) -> str:
        """Refuse one with which no connection could be a schema."""
        prefix: str = self.cleaned_data["handle_prefix"]
        if prefix != self.initial.get("handle_prefix") and (why := why_system_owned(prefix)):
            raise ValidationError(f"{why} Choose another prefix.")
        return prefix

    def clean_role_name(self) -> str:
        try:
            return check_role_name(pasted(self.cleaned_data["role_name"]))
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def keep(self) -> None:
        for name in ("handle_prefix", "role_name"):
            setattr(self.settings, name, self.cleaned_data.get(name, getattr(self.settings, name)))
        self.settings.options = self.wanted


class ConnectionStep(Step):
    """What connections are called and start with, and the role in each account, tried with *Test Connection*."""

    slug = "connection"
    title = "Connection settings"
    heading = "Connection Settings"
    tests = AccessTest.Kind.CONNECTION

    def form(self, draft: Draft, data: Any = None) -> ConnectionForm:
        return ConnectionForm(draft, data)

    def context(self, draft: Draft, url_of: UrlOf, test: AccessTest | None) -> dict[str, Any]:
        """Give the setup of the role in each account, and who else has one there."""
        return {
            "external_id": draft.connection_external_id,
            "manual_steps": setup_files.member_steps(draft),
            "stackset_url": url_of("members.yaml"),
            "member_lines": shell_lines.for_members(draft),
            "why_no_stackset": setup_files.why_no_stackset(draft),
            "member_role": draft.member_role.name_or_default,
            "other_mirrors": setup_files.other_mirrors(draft),
            "where_stackset_goes": setup_files.where_stackset_goes(draft),
        }

    def example(self, form: SettingsForm, name: str) -> Example | None:
        """Say what the prefix that is being typed does to an account that the last Test Discovery has found."""
        if name != "handle_prefix":
            return None
        snapshot = findings.newest_snapshot(cast("ConnectionForm", form).settings)
        names = sorted(account.name for account in snapshot.accounts) if snapshot else []
        return handle_prefix.example(form.cleaned_data.get(name, ""), names)

    def has_to_be_done_again(self, draft: Draft) -> bool:
        """Whether another partition was chosen since, which has not all the regions."""
        return bool(unknown_regions(draft.options["regions"], partition_of(draft)))


CONNECTION: Final = ConnectionStep()
