"""Step 5: Permissions."""

from typing import Any, Final

from connections.forms.audience import LABELS, AudienceForm, helps_for
from integrations.forms.settings import SettingsForm
from integrations.models import Draft
from integrations.wizard.steps.step import Step


class PermissionsForm(SettingsForm, AudienceForm):
    """Who may use the root folder, and with it everything that is discovered."""

    def __init__(self, draft: Draft, data: Any = None) -> None:
        super().__init__(data, initial=dict(draft.permissions), label_suffix="")
        self.draft = draft
        scope = draft.scope
        some = "The workspaces that you select here" if scope.organization else "What you select here"
        none = "Nobody for now; permissions can be given on each folder and connection later."
        self.offer(
            scope,
            labels=LABELS[scope.level],
            helps=helps_for(scope, some=some, none=none),
            sentence="Select who may use what this integration discovers.",
        )

    def keep(self) -> None:
        """Keep the choice, so that going back loses nothing."""
        values = self.cleaned_data
        kept: dict[str, Any] = {
            name: [place.pk for place in values[name]] for name in ("organizations", "workspaces") if name in values
        }
        if "choice" in values:
            kept["choice"] = values["choice"]
        self.draft.permissions = {**self.draft.permissions, **kept}


class PermissionsStep(Step):
    """Who may use what is discovered; its *Next* makes the integration."""

    slug = "permissions"
    title = "Set permissions"
    heading = "Permissions"

    def form(self, draft: Draft, data: Any = None) -> PermissionsForm:
        return PermissionsForm(draft, data)


PERMISSIONS: Final = PermissionsStep()
