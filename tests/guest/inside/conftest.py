"""What tests in the guest may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.guest.inside.bench import Bench
from tests.guest.inside.counter import Counter
from tests.guest.inside.emulator import Emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One process for all devices of the session."""
    emulator = Emulator(tmp_path_factory.mktemp("rig"))
    yield emulator
    emulator.close()


@pytest.fixture(scope="session")
def counter(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """Server and station of the session."""
    counter = Counter(tmp_path_factory.mktemp("counter"), emulator.folder)
    yield counter
    counter.close()


@pytest.fixture
def bench(emulator: Emulator, counter: Counter) -> Iterator[Bench]:
    """An empty desk at the counter; whatever a test puts on it is taken away again."""
    bench = Bench(emulator, counter)
    yield bench
    bench.clear()
