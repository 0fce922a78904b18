"""Step 2: Choose handle."""

from typing import Any, Final

from integrations.forms.handle import check_handle_is_free, handle_field
from integrations.forms.settings import SettingsForm
from integrations.models import Draft
from integrations.wizard.setup_files import name_roles
from integrations.wizard.steps.step import Step


class HandleForm(SettingsForm):
    """The integration's name, unique over the whole tenant."""

    handle = handle_field(
        "A meaningful name, unique for all integrations in the tenant, those of its organizations included."
    )

    def __init__(self, draft: Draft, data: Any = None) -> None:
        super().__init__(data, initial={"handle": draft.handle}, label_suffix="")
        self.draft = draft

    def clean_handle(self) -> str:
        """Refuse a taken handle."""
        handle: str = self.cleaned_data["handle"]
        check_handle_is_free(self.draft.tenant, handle)
        return handle

    def keep(self) -> None:
        """Keep the handle; the first one names the roles."""
        is_new = not self.draft.handle
        self.draft.handle = self.cleaned_data.get("handle", self.draft.handle)
        if is_new and self.draft.handle:
            name_roles(self.draft)


class HandleStep(Step):
    """What the integration is called."""

    slug = "handle"
    title = heading = "Choose handle"

    def form(self, draft: Draft, data: Any = None) -> HandleForm:
        return HandleForm(draft, data)

    def stored(self, draft: Draft) -> dict[str, Any] | None:
        """Give the handle: it may have been taken since."""
        return {"handle": draft.handle} if draft.handle else None


HANDLE: Final = HandleStep()
