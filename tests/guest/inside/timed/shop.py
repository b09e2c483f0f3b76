"""Devices that were never written before, in the guest's USB sockets, each before a bus of the station's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from devices.links import Bus
from devices.links.hid import HidBus
from devices.links.serial import SerialBus
from devices.links.usb_bulk import UsbBus
from tests.bench.meter import MeteredBus, Speed, spoken_interface
from tests.bench.program import BUSY, Subject, Written, never, write_all
from tests.bench.station import TimedStation
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.programs.conftest import configured, until
from tests.rig.drawer import ROOT_NAME
from tests.rig.fob.factory import Manufacturer
from tests.rig.usb.families import KINDS, Family
from tests.rig.usb.plan import AcmInterface, CcidInterface, HidInterface, UsbPlan

_BUSES: Final[Mapping[type, Callable[[], Bus]]] = {
    HidInterface: HidBus,
    AcmInterface: lambda: SerialBus({}),
    CcidInterface: UsbBus,
}


class Shop:
    """`emulator` is the process of devices that take their time."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._numbers = count(1)
        self._roots = {ROOT_NAME: Manufacturer.in_directory(emulator.folder).root_public}

    def write(self, name: str, devices: int = 1) -> Written:
        """So many new ones of a family at once."""
        family = KINDS[name]
        with self.plugged(name, devices) as serials:
            plan = _plan(family, serials[0])
            bus = MeteredBus(_BUSES[type(spoken_interface(plan))](), Speed.of(plan), BUSY.get(name, never))
            subjects = [Subject(family, serial, bus, self._worked(name, serial)) for serial in serials]
            with TimedStation([bus], self._roots, self._processor_time) as station:
                station.see(devices)
                return write_all(station, subjects)

    @contextmanager
    def plugged(self, name: str, devices: int = 1) -> Iterator[list[str]]:
        """Their serial numbers."""
        serials = [KINDS[name].serial(next(self._numbers)) for _ in range(devices)]
        before = configured()
        for serial in serials:
            self._emulator.do("plug", f"{name}:{serial}")
        until(lambda: len(configured() - before) >= devices, "the kernel knows them")
        try:
            yield serials
        finally:
            for serial in serials:
                self._emulator.do("unplug", f"{name}:{serial}")

    def display(self, name: str, serial: str) -> str:
        """The code that its customer gets."""
        return str(self._emulator.do("display", f"{name}:{serial}"))

    def _worked(self, name: str, serial: str) -> Callable[[], float]:
        return lambda: float(self._emulator.do("worked", f"{name}:{serial}"))

    def _processor_time(self) -> float:
        """Of this process and the emulators'. What the kernel itself needs counts as waiting."""
        return time.process_time() + time.clock_gettime(_clock_of(self._emulator.pid))


def _clock_of(pid: int) -> int:
    """The clock that tells a process's processor time: clock_getcpuclockid(3)."""
    return ~pid << 3 | 2


def _plan(family: Family, serial: str) -> UsbPlan:
    with TemporaryDirectory() as folder:
        return family.make(Path(folder) / "device", serial).plan
