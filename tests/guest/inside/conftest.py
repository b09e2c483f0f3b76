"""What tests in the guest may ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.guest.inside.bench import Bench
from tests.guest.inside.counter import Counter
from tests.guest.inside.emulator import Emulator
from tests.rig.usb.families import FAMILIES

_USUAL: Final = (8, 60)
AtCounter = Callable[[tuple[int, int]], Counter]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a counter first: a station looks at every device. Then by what the institution wants of devices."""
    items.sort(key=lambda item: ("bench" in getattr(item, "fixturenames", ()), _wanted(item) != _USUAL))


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One process for all devices of the session."""
    emulator = Emulator(tmp_path_factory.mktemp("rig"))
    yield emulator
    emulator.close()


@pytest.fixture(scope="session")
def at_counter(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtCounter]:
    """Server and station for an institution that wants so many digits and seconds; one pair at a time."""
    here: list[Counter] = []

    def counter(wanted: tuple[int, int]) -> Counter:
        if here and here[0].wanted != wanted:
            here.pop().close()
        if not here:
            here.append(Counter(tmp_path_factory.mktemp("counter"), emulator.folder, wanted))
        return here[0]

    yield counter
    for left in here:
        left.close()


@pytest.fixture
def bench(request: pytest.FixtureRequest, emulator: Emulator, at_counter: AtCounter) -> Iterator[Bench]:
    """An empty desk at the counter; whatever a test puts on it is taken away again."""
    bench = Bench(emulator, at_counter(_wanted(request.node)))
    yield bench
    bench.clear()


def _wanted(item: pytest.Item) -> tuple[int, int]:
    """By the family that the test is about, or as it says itself."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    family = FAMILIES.get(params.get("family", ""))
    wanted: tuple[int, int] = params.get("wanted", family.wanted if family else _USUAL)
    return wanted
