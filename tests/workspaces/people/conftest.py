"""Programs that call the API."""

from tests.programs import program

__all__ = ["program"]
