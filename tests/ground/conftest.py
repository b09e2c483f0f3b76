"""What tests of the whole product share."""

from __future__ import annotations

from datetime import datetime

import pytest

from provisioning.services import Services
from tests.ground.canary_watch import Watch, watch_over


@pytest.fixture
def watch(services: Services, now: datetime) -> Watch:
    """Everything that comes out of one server."""
    return watch_over(services, now)
