"""The desk at the counter: devices that are put there for one test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

from provisioning.rules.states import FobState, JobState
from provisioning.store.queries import fobs
from tests.guest.inside.counter import INSTITUTION, Counter, until
from tests.guest.inside.emulator import Emulator
from tests.rig.usb.families import FAMILIES, Family

_numbers: Final[Iterator[int]] = count(1)


@dataclass(frozen=True)
class OnDesk:
    """A device of a family; `name` is what the emulators' process calls it."""

    name: str
    serial: str
    family: Family


class Bench:
    """Plugs devices in and goes with them through an issuance."""

    def __init__(self, emulator: Emulator, counter: Counter) -> None:
        self.emulator = emulator
        self.counter = counter
        self._there: list[OnDesk] = []

    def new(self, family: str, serial: str = "") -> OnDesk:
        """A device that nobody has seen before, plugged in."""
        number = next(_numbers)
        known = FAMILIES[family]
        told = serial or known.serial(number)
        device = OnDesk(f"{family}:{told}#{number}", told, known)
        self._there.append(device)
        self.plug(device)
        return device

    def plug(self, device: OnDesk) -> None:
        """Put it in."""
        self.emulator.do("plug", device.name)

    def unplug(self, device: OnDesk) -> None:
        """Pull it out."""
        self.emulator.do("unplug", device.name)

    def display(self, device: OnDesk) -> str:
        """The code that its customer gets."""
        return str(self.emulator.do("display", device.name))

    def clear(self) -> None:
        """Nothing on the desk any more, and the station knows."""
        for device in self._there:
            self.unplug(device)
        self._there.clear()
        until(lambda: not self.counter.devices(), f"the desk is empty: {self.counter.devices()}")

    def is_usable(self, device: OnDesk) -> bool:
        """Whether the station reports it so."""
        return self.counter.seen(device.family.profile, device.serial)

    def issue(self, device: OnDesk) -> str:
        """Into stock and to a new customer; the customer's user ID. The station begins to write by itself."""
        self.counter.stock(device.family.profile, device.serial)
        user_id = self.counter.customer()
        self.counter.issue(user_id, device.serial)
        return user_id

    def handed_over(self, device: OnDesk) -> bool:
        """Whether the write was proved."""
        fob = fobs.fob_by_serial(self.counter.services.store, INSTITUTION, device.serial)
        return fob.state is FobState.HANDED_OVER

    def wait_until_proved(self, device: OnDesk) -> None:
        """By the code that the station read back."""
        until(lambda: self.handed_over(device), f"{device.name} is proved: {self.counter.log()}")
        assert self.counter.job(device.serial).state is JobState.PROVED
