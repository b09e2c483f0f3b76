"""`kagiya bench program`: time to write each kind of device, beside what no driver can beat.

That is the wire's own time (tests.bench.meter) and the time that the device itself takes by its stated figures;
the rest is ours: cryptography, threads, waiting without need. Agent, drivers and emulators are in one process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from devices.links import Bus
from tests.bench.meter import IsBusy, MeteredBus, Speed, spoken_interface
from tests.bench.station import TimedStation, job_for
from tests.rig.drawer import ROOT_NAME
from tests.rig.fob.factory import Manufacturer
from tests.rig.usb.families import FAMILIES, Family
from tests.rig.usb.plan import AcmInterface, CcidInterface, UsbPlan
from tests.rig.wire.ccid_port import CcidPort
from tests.rig.wire.console_port import ConsoleBus, ConsolePort
from tests.rig.wire.feature_port import FeaturePort
from tests.rig.wire.report_port import ReportPort
from tests.rig.wire.socket import SocketBus

ROUNDS: Final = 5
AT_ONCE: Final = 16
MANY_OF: Final = "kagiya-fob"
MOST_OF_NEEDED: Final = 1.3
LEAST_TIMES_ONE: Final = 10

BUSY: Final[dict[str, IsBusy]] = {
    "yubikey-5": lambda report: bool(report[7] & 0x80),
    "nitrokey-pro": lambda report: report[0] == 1,
}
"""How a device that is asked by feature reports says that it is still at work."""


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """A new device, or several written at once: `seconds` until all are. `wire_s`, `work_s`: what wire and device
    need for one; `of_needed`: time over both; `processor_s`: of it the processor's, for all; `times_one`: devices
    per second over one alone; `program_s`: the time of the maker's `program` for one.
    """

    what: str
    devices: int
    transfers: int
    seconds: float
    wire_s: float
    work_s: float
    processor_s: float
    of_needed: float
    times_one: float | None = None
    program: str = ""
    program_s: float | None = None


@dataclass(frozen=True)
class Subject:
    """A device before the station. `worked_s`: how long it has been at work by its own account."""

    family: Family
    serial: str
    bus: MeteredBus
    worked_s: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Written:
    """Devices that were written at once: seconds until all were; transfers, wire and work of one."""

    seconds: float
    processor_s: float
    transfers: float
    wire_s: float
    work_s: float

    @property
    def of_needed(self) -> float:
        """Time over what no driver can beat."""
        return self.seconds / (self.wire_s + self.work_s)


def measure_program() -> list[ProgramResult]:
    """Each family one after another, and many fobs at once. Raises RuntimeError."""
    with TemporaryDirectory(prefix="kagiya-bench-") as name:
        shop = _Shop(Path(name))
        alone = {family: [_write_new(shop, family, 1) for _ in range(ROUNDS)] for family in FAMILIES}
        many = [_write_new(shop, MANY_OF, AT_ONCE) for _ in range(ROUNDS)]
    rows = [result(family, 1, written) for family, written in alone.items()]
    one_s = next(row.seconds for row in rows if row.what == MANY_OF)
    return [*rows, result(MANY_OF, AT_ONCE, many, one_s)]


def write_all(station: TimedStation, subjects: Sequence[Subject]) -> Written:
    """Write every one of them at once."""
    jobs = [
        job_for(station.profile(subject.family.profile), subject.serial, *subject.family.wanted)
        for subject in subjects
    ]
    worked_before_s = sum(subject.worked_s() for subject in subjects)
    meters = {id(subject.bus): subject.bus.meter for subject in subjects}.values()
    for meter in meters:
        meter.reset()
    spent = station.write(jobs)
    return Written(
        spent.seconds,
        spent.processor_s,
        sum(meter.transfers for meter in meters) / len(subjects),
        sum(meter.seconds for meter in meters) / len(subjects),
        (sum(subject.worked_s() for subject in subjects) - worked_before_s) / len(subjects),
    )


def result(what: str, devices: int, written: Sequence[Written], one_s: float | None = None) -> ProgramResult:
    """The best of some rounds: whatever else the machine does can only add to one."""
    best = min(written, key=lambda one: one.of_needed)
    return ProgramResult(
        what=what,
        devices=devices,
        transfers=round(best.transfers),
        seconds=round(best.seconds, 3),
        wire_s=round(best.wire_s, 3),
        work_s=round(best.work_s, 3),
        processor_s=round(best.processor_s, 3),
        of_needed=round(best.of_needed, 2),
        times_one=None if one_s is None else round(devices * one_s / best.seconds, 1),
    )


class _Shop:
    """Sells devices that were never written before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self.roots = {ROOT_NAME: Manufacturer.in_directory(folder).root_public}

    @contextmanager
    def plugged(self, name: str) -> Iterator[Subject]:
        """One of that family in a port, which takes its time."""
        family, number = FAMILIES[name], next(self._numbers)
        folder = self._folder / str(number)
        folder.mkdir()
        serial = family.serial(number)
        device = family.make(folder, serial)
        device.take_time()
        bus, unplug = _port(device.plan, serial)
        metered = MeteredBus(bus, Speed.of(device.plan), BUSY.get(name, never))
        try:
            yield Subject(family, serial, metered, device.worked_s)
        finally:
            unplug()


def _write_new(shop: _Shop, name: str, devices: int) -> Written:
    with ExitStack() as plugged:
        subjects = [plugged.enter_context(shop.plugged(name)) for _ in range(devices)]
        station = plugged.enter_context(TimedStation([subject.bus for subject in subjects], shop.roots))
        station.see(devices)
        return write_all(station, subjects)


def never(_report: bytes) -> bool:
    """A device that is not asked by feature reports."""
    return False


def _port(plan: UsbPlan, name: str) -> tuple[Bus, Callable[[], None]]:
    """The port for the interface that is spoken to, and how to pull the device out."""
    spoken = spoken_interface(plan)
    if isinstance(spoken, CcidInterface):
        card = CcidPort(plan, paced=True)
        return SocketBus([card]), card.unplug
    if isinstance(spoken, AcmInterface):
        console = ConsolePort(plan, paced=True)
        return ConsoleBus([console]), console.unplug
    if hasattr(spoken.gadget, "get_feature"):
        features = FeaturePort(plan, name, paced=True)
        return SocketBus([features]), features.unplug
    reports = ReportPort(plan, paced=True)
    return SocketBus([reports]), reports.unplug
