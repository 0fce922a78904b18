"""Step 2: Choose handle."""

from typing import Any, Final

from integrations.forms.handle import HandleForm
from integrations.forms.settings import SettingsForm
from integrations.models import Draft
from integrations.wizard.setup_files import name_roles
from integrations.wizard.steps.step import Step

_HELP: Final = "A meaningful name, unique for all integrations in the tenant, those of its organizations included."


class DraftHandleForm(SettingsForm, HandleForm):
    """The handle of a draft. That of a stored one is judged anew: an integration may have taken it since."""

    settings: Draft

    def __init__(self, draft: Draft, data: Any = None) -> None:
        super().__init__(draft, data)
        self.fields["handle"].help_text = _HELP

    def keep(self) -> None:
        """Keep the handle; the first one names the roles."""
        is_new = not self.settings.handle
        self.settings.handle = self.cleaned_data.get("handle", self.settings.handle)
        if is_new and self.settings.handle:
            name_roles(self.settings)


class HandleStep(Step):
    slug = "handle"
    title = heading = "Choose handle"

    def form(self, draft: Draft, data: Any = None) -> DraftHandleForm:
        return DraftHandleForm(draft, data)

    def stored(self, draft: Draft) -> dict[str, Any] | None:
        """Give the handle: it may have been taken since."""
        return {"handle": draft.handle} if draft.handle else None


HANDLE: Final = HandleStep()
