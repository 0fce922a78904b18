"""The options of one folder or connection: the same fields as in the Connection Settings."""

from typing import Any

from integrations.models import Draft
from integrations.wizard.steps.connection import ConnectionForm


class OptionsForm(ConnectionForm):
    """Regions and advanced options; the prefix and the role are the integration's alone."""

    handle_prefix = None  # type: ignore[assignment]
    role_name = None  # type: ignore[assignment]

    def stored(self, draft: Draft) -> dict[str, Any]:
        """Give the options apart."""
        stored = super().stored(draft)
        return {name: value for name, value in stored.items() if name not in ("handle_prefix", "role_name")}
