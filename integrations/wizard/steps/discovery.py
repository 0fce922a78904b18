"""Step 3: Discovery Settings."""

from typing import Any, Final, cast

from django import forms
from django.conf import settings as installation

from integrations.access import findings
from integrations.aws.iac.removal import role_removal, user_removal
from integrations.forms.access import AccessForm
from integrations.forms.settings import SettingsForm
from integrations.models import AccessTest, Draft
from integrations.models.settings import NamedSettings
from integrations.planning.selection_tree import Outline, in_words
from integrations.wizard import expected, launch_links, remains, setup_files, shell_lines
from integrations.wizard.steps.step import Step, UrlOf


class DiscoveryForm(AccessForm):
    """How discovery signs in, and for which AWS partition the templates are while no role shows it."""

    judged_later = AccessForm.judged_later | {"partition"}
    field_order = ("access_mode", "partition")
    settings: NamedSettings

    partition = forms.ChoiceField(
        label="AWS partition", error_messages={"invalid_choice": "Choose one of these partitions."}
    )

    def __init__(self, settings: NamedSettings, data: Any = None) -> None:
        super().__init__(settings, data, partition=settings.partition)
        served = list(installation.PIPES_AWS_PRINCIPALS)
        self.fields["partition"].choices = [(partition, partition) for partition in served]  # type: ignore[attr-defined]
        if len(served) < 2 or settings.role_arn:
            del self.fields["partition"]

    def keep(self) -> None:
        super().keep()
        self.settings.partition = self.cleaned_data.get("partition") or self.settings.partition


class DiscoveryStep(Step):
    """How discovery signs in, tried with *Test Discovery*, and which of the accounts that this finds are mirrored."""

    slug = "discovery"
    title = "Discovery settings"
    heading = "Discovery Settings"
    tests = AccessTest.Kind.DISCOVERY
    has_tree = True

    def form(self, draft: Draft, data: Any = None) -> DiscoveryForm:
        return DiscoveryForm(draft, data)

    def context(self, draft: Draft, url_of: UrlOf, test: AccessTest | None) -> dict[str, Any]:
        """Give the setup of the role, what is chosen, and who else mirrors what the test found."""
        selection = draft.chosen
        context = {
            "external_id": draft.discovery_external_id,
            "manual_steps": setup_files.discovery_steps(draft),
            "key_setup": setup_files.key_setup(draft),
            "removal": role_removal(remains.of(draft)),
            "key_removal": (user_removal(setup_files.user_name(draft)),),
            "terraform_url": url_of("discovery.tf"),
            "cloudformation_url": url_of("discovery.yaml"),
            "launch_discovery": launch_links.for_discovery(draft),
            "discovery_lines": shell_lines.for_discovery(draft),
            "is_everything": selection.is_everything,
            "chosen": in_words(selection, None),
        }
        if test is not None and test.state == AccessTest.State.FAILED:
            context["expected"] = expected.of_discovery(draft)
        if test is not None:
            context["other_mirrors"] = setup_files.other_mirrors(draft, test.found.signed_in.organization_id)
        return context

    def has_to_be_done_again(self, draft: Draft) -> bool:
        """Whether a test found since that strangers can assume the role."""
        return bool(findings.why_role_is_refused(draft))

    def refuses(self, form: SettingsForm) -> bool:
        return cast("DiscoveryForm", form).refuse_open_role()

    def outline(self, draft: Draft) -> Outline | None:
        """Give the tree to choose from, and what is chosen so far; None before Test Discovery has read one."""
        snapshot = findings.newest_snapshot(draft)
        return Outline(snapshot, draft.chosen) if snapshot else None


DISCOVERY: Final = DiscoveryStep()
