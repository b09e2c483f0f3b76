"""The desk at the counter: devices that are put there for one test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Final

from devices.profile_files import load_profiles
from devices.profiles import Ability, FirmwareProfile, SerialSource
from provisioning.rules.states import JobState
from tests.guest.inside.counter import Attempt, Counter, until
from tests.guest.inside.emulator import Emulator
from tests.rig.usb.families import KINDS, Family
from tests.rig.usb.trouble import TroubleKind

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

    def new(self, family: str, serial: str = "", hub: int = 0) -> OnDesk:
        """A device that nobody has seen before, plugged in at that hub."""
        number = next(_numbers)
        known = KINDS[family]
        told = serial or known.serial(number)
        device = OnDesk(f"{family}:{told}#{number}", told, known)
        self._there.append(device)
        self.emulator.do("plug", device.name, hub)
        return device

    def plug(self, device: OnDesk) -> None:
        """Put it in."""
        self.emulator.do("plug", device.name)

    def unplug(self, device: OnDesk) -> None:
        """Pull it out."""
        self.emulator.do("unplug", device.name)

    def trouble(self, device: OnDesk, kind: TroubleKind, after: int = 0) -> None:
        """From now on."""
        self.emulator.do(kind.value, device.name, after)

    def trouble_in_write(self, device: OnDesk, kind: TroubleKind) -> None:
        """As soon as it keeps another seed than now: what it says to that is not heard any more."""
        self.emulator.do(f"{kind}-in-write", device.name)

    def crossed(self, device: OnDesk) -> int:
        """Reports and transfers since it was plugged in."""
        return int(self.emulator.do("crossed", device.name))

    def is_plugged(self, device: OnDesk) -> bool:
        """Whether its cable is in."""
        return bool(self.emulator.do("plugged", device.name))

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
        told = "" if is_unnamed(device.family) else device.serial
        return self.counter.seen(device.family.profile, told)

    def stock(self, device: OnDesk) -> None:
        """Into stock, once the station sees it."""
        until(lambda: self.is_usable(device), f"{device.name} is seen: {self.counter.devices()}")
        self.counter.stock(device.family.profile, device.serial)

    def issue(self, device: OnDesk) -> str:
        """To a new customer, from stock; the customer's user ID. The station begins to write by itself."""
        user_id = self.counter.customer()
        self.counter.issue(user_id, device.serial)
        return user_id

    def attempts(self, device: OnDesk) -> list[Attempt]:
        """Its jobs, the newest first."""
        return self.counter.attempts(device.serial)[0]

    def is_written(self, device: OnDesk) -> bool:
        """Whether its newest attempt came to its end."""
        return self.attempts(device)[0].state in (JobState.WRITTEN, JobState.PROVED)

    def prove(self, device: OnDesk) -> None:
        """By the code that the station read back, or else by the one on the display, which the teller types."""
        # a code that was read back is judged a moment after the write is on record
        done = JobState.PROVED if Ability.READS_CODE in _profile(device.family).abilities else JobState.WRITTEN
        until(lambda: self.attempts(device)[0].state is done, f"{device.name} is written: {self.counter.log()}")
        if done is JobState.WRITTEN:
            # one that was put in again is dark until the station has looked at it and set its clock
            shown = until(lambda: self.display(device), f"{device.name} shows a code")
            self.counter.type_code(self.attempts(device)[0].id, shown)
        assert self.attempts(device)[0].state is JobState.PROVED


def is_unnamed(family: Family) -> bool:
    """Whether its devices tell no serial number, so that the label counts."""
    return _profile(family).use.serial is SerialSource.LABEL


def _profile(family: Family) -> FirmwareProfile:
    return _shipped()[family.profile]


@cache
def _shipped() -> dict[str, FirmwareProfile]:
    return {profile.name: profile for profile in load_profiles()}
