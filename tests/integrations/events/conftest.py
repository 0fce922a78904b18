"""An integration that is told of what happens in its AWS organization."""

import pytest

from tests.conftest import Cast
from tests.fakes.aws import RunningAws
from tests.integrations.conftest import Synced, make_mirror
from tests.integrations.events.watched import Watched


@pytest.fixture
def watched(aws: RunningAws, committed: Cast, own_cache: None) -> Watched:
    """An organization's integration that has synced once and is told of what happens."""
    return Watched.over(make_mirror(aws, committed.at_org, committed), committed)


@pytest.fixture
def mirror(watched: Watched) -> Synced:
    return watched.mirror
