"""Step 5: Permissions."""

from typing import Any

from connections.forms.audience import LABELS, AudienceForm, helps_for
from integrations.models import Draft
from integrations.wizard.steps.step import StepForm


class PermissionsForm(StepForm, AudienceForm):
    """Who may use the root folder, and with it everything that is discovered."""

    def __init__(self, draft: Draft, data: Any = None) -> None:
        super().__init__(draft, data)
        scope = draft.scope
        some = "The workspaces that you select here" if scope.organization else "What you select here"
        none = "Nobody for now; permissions can be given on each folder and connection later."
        self.offer(
            scope,
            labels=LABELS[scope.level],
            helps=helps_for(scope, some=some, none=none),
            sentence="Select who may use what this integration discovers.",
        )

    def stored(self, draft: Draft) -> dict[str, Any]:
        """Give what was chosen before."""
        return dict(draft.permissions)

    def keep(self) -> None:
        """Keep the choice, so that going back loses nothing."""
        values = self.cleaned_data
        kept: dict[str, Any] = {
            name: [place.pk for place in values[name]] for name in ("organizations", "workspaces") if name in values
        }
        if "choice" in values:
            kept["choice"] = values["choice"]
        self.draft.permissions = {**self.draft.permissions, **kept}
