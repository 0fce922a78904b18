"""Step 4: Connection Settings."""

from typing import Any, Final, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from integrations.access import failures, findings
from integrations.access.findings import partition_of
from integrations.aws import iac
from integrations.aws.iac.removal import member_removal
from integrations.aws.identifiers import check_role_name, pasted
from integrations.forms.connection_options import OptionsForm, unknown_regions, what_matches
from integrations.forms.settings import SettingsForm
from integrations.models import AccessTest, Draft
from integrations.models.settings import NamedSettings
from integrations.planning import handle_prefix
from integrations.planning.handle_prefix import Example
from integrations.wizard import expected, launch_links, remains, setup_files, shell_lines
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


_OTHER: Final = "other"


def _policy_choices() -> list[tuple[str, str]]:
    """Give the policies to choose from, each with what it lets see; a path is not part of what people call them."""
    known = [(name, _policy_label(name.rpartition("/")[2], sees)) for name, sees in iac.KNOWN_POLICIES.items()]
    return [*known, (_OTHER, _policy_label("Another policy", "What you allow, and no more."))]


def _stored(name: str) -> str:
    """Give how one of those offered is stored: what everybody begins with is empty."""
    return "" if name == iac.MemberPolicy().name else name


def _policy_label(name: str, sees: str) -> str:
    return format_html('{} <span class="field-help">{}</span>', name, sees)


class ConnectionForm(OptionsForm):
    """The prefix, the role in each account, and the options that all connections start with."""

    field_order = ("handle_prefix", "role_name", "member_policy", "member_policy_arn")

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

    member_policy = forms.ChoiceField(
        label="What the role may read",
        required=False,
        choices=_policy_choices,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose one of these policies, or one of your own."},
    )
    member_policy_arn = forms.CharField(
        label="Policy ARN",
        help_text="A managed policy. One of your own has to be in every account, under this name and path, before the"
        " role is created there: each role gets the one of its account.",
        widget=forms.TextInput(attrs=PLAIN | {"placeholder": "arn:aws:iam::123456789012:policy/pipes-read"}),
    )

    def __init__(self, settings: NamedSettings, data: Any = None) -> None:
        policy = settings.member_policy
        is_other = policy.startswith("arn:")
        super().__init__(
            settings.options,
            data,
            partition=partition_of(settings),
            handle_prefix=settings.handle_prefix,
            role_name=settings.member_role.name_or_default,
            member_policy=_OTHER if is_other else policy or iac.MemberPolicy().name,
            member_policy_arn=policy if is_other else "",
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

    def _clean_fields(self) -> None:
        """Judge later whether the ARN of a policy is needed: what is shown is not optional."""
        self.fields["member_policy_arn"].required = False
        super()._clean_fields()  # type: ignore[misc]
        self.fields["member_policy_arn"].required = True

    def clean(self) -> None:
        """Judge the ARN of a policy where it was chosen to give one; one of those offered is that choice."""
        super().clean()
        values = self.cleaned_data
        chosen = values.pop("member_policy", "")
        if chosen in iac.KNOWN_POLICIES:
            values["member_policy"] = _stored(chosen)
        elif chosen == _OTHER:
            try:
                policy = iac.read_policy(pasted(values.get("member_policy_arn", "")), partition=self.partition)
            except ValueError as error:
                self.add_error("member_policy_arn", str(error))
            else:
                is_known = policy.name in iac.KNOWN_POLICIES and not policy.is_own
                values["member_policy"] = _stored(policy.name) if is_known else pasted(values["member_policy_arn"])

    def keep(self) -> None:
        for name in ("handle_prefix", "role_name", "member_policy"):
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
            "removal": member_removal(remains.of(draft)),
            "manual_steps": setup_files.member_steps(draft),
            "stackset_url": url_of("members.yaml"),
            "terraform_url": url_of("members.tf"),
            "member_policy": setup_files.policy_of(draft),
            "expected": expected.of_members(draft) if test and test.state == AccessTest.State.FAILED else [],
            **(failures.shown(test.found.results) if test else {}),
            "launch_members": launch_links.for_members(draft),
            "member_lines": shell_lines.for_members(draft),
            "why_no_stackset": setup_files.why_no_stackset(draft),
            "member_role": draft.member_role.name_or_default,
            "other_mirrors": setup_files.other_mirrors(draft),
            "where_stackset_goes": setup_files.where_stackset_goes(draft),
        }

    def example(self, form: SettingsForm, name: str) -> Example | None:
        """Say what the prefix that is typed does to an account that was discovered, and which regions patterns mean."""
        if name == "region_patterns":
            return Example(what_matches(form.cleaned_data.get(name, ()), cast("ConnectionForm", form).partition))
        if name != "handle_prefix":
            return None
        snapshot = findings.newest_snapshot(cast("ConnectionForm", form).settings)
        names = sorted(account.name for account in snapshot.accounts) if snapshot else []
        return handle_prefix.example(form.cleaned_data.get(name, ""), names)

    def has_to_be_done_again(self, draft: Draft) -> bool:
        """Whether another partition was chosen since, which has not all the regions."""
        return bool(unknown_regions(draft.options["regions"], partition_of(draft)))


CONNECTION: Final = ConnectionStep()
