"""A bench with emulated fobs: two over HID, two in serial cradles, on wires that take no time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.attach import Desk, Sighting, open_named, scan
from devices.driver import OnProgress, SlotProgram, TokenDriver
from devices.links import Transport
from devices.links.serial import SerialBus
from devices.profile_files import load_profiles
from devices.profiles import Algorithm, CredentialForm, FirmwareProfile, OtpType
from tests.rig.clock import RigClock
from tests.rig.drawer import Drawer, NewFob, Port
from tests.rig.fob.device import EmulatedFob
from tests.rig.wire.socket import SocketBus

HID_SERIALS = ("KF-000001", "KF-000002")
SERIAL_SERIALS = ("KF-000003", "KF-000004")
SERIALS = (*HID_SERIALS, *SERIAL_SERIALS)
SEED = b"12345678901234567890"
OTHER_SEED = b"09876543210987654321"
FORM = CredentialForm(OtpType.TOTP, Algorithm.SHA1, 8, 60, 20)


def program_of(seed: bytes, form: CredentialForm = FORM) -> SlotProgram:
    return SlotProgram(form, seed)


@dataclass(frozen=True)
class Bench:
    """The drawer of fobs, the rig's clock, and the station's desk before them."""

    drawer: Drawer
    clock: RigClock
    desk: Desk

    @property
    def profile(self) -> FirmwareProfile:
        return self.desk.profile("kagiya-fob")

    def fob(self, serial: str) -> EmulatedFob:
        return self.drawer.port(serial).fob

    def port(self, serial: str) -> Port:
        return self.drawer.port(serial)

    def sighting(self, serial: str) -> Sighting:
        """Where a fob is plugged, known from the rig, not from the fob."""
        (found,) = (seen for seen in scan(self.desk) if serial in seen.device.path)
        return found

    def open(self, serial: str, on_progress: OnProgress = lambda _done, _total: None) -> TokenDriver:
        return open_named(self.desk, self.sighting(serial), self.profile, serial, on_progress)

    def program(self, serial: str, seed: bytes) -> str:
        """Write `seed` and give the code that the fob told."""
        driver = self.open(serial)
        try:
            return driver.program(program_of(seed)).code
        finally:
            driver.close()

    def display(self, serial: str) -> str:
        return self.fob(serial).display().text


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = RigClock(tmp_path)
    fobs = [NewFob(serial, Transport.HID) for serial in HID_SERIALS]
    fobs += [NewFob(serial, Transport.SERIAL) for serial in SERIAL_SERIALS]
    drawer = Drawer(tmp_path, clock, fobs, paced=False)
    buses = (SocketBus(drawer.hid_ports), SerialBus(drawer.cradles))
    profiles = tuple(profile for profile in load_profiles() if profile.name == "kagiya-fob")
    yield Bench(drawer, clock, Desk(buses, profiles, drawer.roots, clock.unix_time))
    drawer.close()
