"""Programs that call the API, and a mirror after its first sync."""

import pytest

from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import Synced, make_mirror
from tests.programs import program


@pytest.fixture
def synced(aws: RunningAws, cast: Cast) -> Synced:
    """An organization-level integration by role, after its first sync."""
    made = make_mirror(aws, cast.at_org, cast)
    made.work()
    return made


__all__ = ["program", "synced"]
