"""Emulated fobs in a world whose clock the test moves by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.fob.device import EmulatedFob
from tests.rig.fob.factory import Manufacturer

START: int = 1_795_158_000


class World:
    """The time outside the fob."""

    def __init__(self) -> None:
        self.unix_time = START

    def __call__(self) -> float:
        return self.unix_time


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def switch_on(tmp_path: Path, world: World) -> Callable[[], EmulatedFob]:
    """Called again: the same fob after a loss of power, with nothing but what its memory holds."""
    folder = tmp_path / "fob"

    def start() -> EmulatedFob:
        if not (folder / "case.json").exists():
            case = Manufacturer.in_directory(tmp_path).make_case("KF-000123", "KF-1", (1, 2, 0))
            EmulatedFob(folder, case, world).store(folder)
        return EmulatedFob.from_directory(folder, world)

    return start


@pytest.fixture
def fob(switch_on: Callable[[], EmulatedFob], world: World) -> EmulatedFob:
    """A new fob with its clock set."""
    fob = switch_on()
    fob.parts.clock.set(world.unix_time)
    return fob
