"""What tests in the guest may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guest.inside.emulator import Emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One process for all devices of the session."""
    emulator = Emulator(tmp_path_factory.mktemp("rig"))
    yield emulator
    emulator.close()
