"""An integration that is synced and in use in two workspaces."""

from tests.integrations.in_use import in_use

__all__ = ["in_use"]
