"""An integration that is synced and in use in two workspaces."""

from tests.integrations.in_use import events, fresh, in_use

__all__ = ["events", "fresh", "in_use"]
