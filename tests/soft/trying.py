"""Trying what must be refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioning.jobs.issue_soft import IssuedSoft
from tests.soft.conftest import app_for
from tests.soft.independent_client import Refused
from tests.soft.serving import Served

WRONG = "715304"


def refusal(act: Callable[[], object]) -> tuple[int, dict[str, Any]]:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.status, dict(caught.value.body)


def wrong_times(server: Served, issued: IssuedSoft, times: int) -> list[int]:
    return [refusal(app_for(server, issued, WRONG).set_up)[0] for _ in range(times)]
