"""Silence and refusal in a write: the station's own code on the real USB stack, no server."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from itertools import count
from typing import Final

import pytest

from devices.attach import Desk, Sighting, open_named, real_buses, scan
from devices.contract import FailureCode, WriteReceipt
from devices.driver import SlotProgram
from devices.errors import DeviceError
from devices.profile_files import load_profiles
from devices.profiles import Algorithm, CredentialForm, OtpType
from tests.guest.inside.bench import is_unnamed
from tests.guest.inside.counter import until
from tests.guest.inside.emulator import Emulator
from tests.guest.inside.patience import patient_profiles
from tests.rig.drawer import ROOT_NAME
from tests.rig.fob.factory import Manufacturer
from tests.rig.usb.families import FAMILIES, Family

_numbers: Final = count(700)
_REASONS: Final = {FailureCode.TIMEOUT, FailureCode.LINK_LOST, FailureCode.BAD_ANSWER, FailureCode.BUSY}


class Station:
    """The station's code in this process, before one device."""

    def __init__(self, emulator: Emulator, family: Family, name: str, serial: str) -> None:
        self._emulator = emulator
        self.name = name
        self._serial = serial
        profiles = load_profiles(patient_profiles(emulator.folder / "profiles"))
        roots = {ROOT_NAME: Manufacturer.in_directory(emulator.folder).root_public}
        self._desk = Desk(real_buses(profiles, {}), profiles, roots, time.time)
        self._profile = self._desk.profile(family.profile)
        self._told = "" if is_unnamed(family) else serial
        self._form = _form(family)

    def write(self) -> WriteReceipt:
        """A fresh seed. Raises DeviceError."""
        driver = open_named(self._desk, self.sighting(), self._profile, self._told)
        try:
            return driver.program(SlotProgram(self._form, secrets.token_bytes(self._form.seed_bytes), "KAGIYA"))
        finally:
            driver.close()

    def sighting(self) -> Sighting:
        """Where it is plugged, once the kernel has made its nodes and udev has seen them."""
        return until(lambda: next(iter(scan(self._desk)), None), f"{self.name} shows on its bus")

    def replug(self) -> None:
        """Out, until its bus does not show it any more, and in again."""
        self._emulator.do("unplug", self.name)
        until(lambda: not scan(self._desk), f"{self.name} is off its bus")
        self._emulator.do("plug", self.name)


@pytest.fixture
def station(emulator: Emulator, family: str) -> Iterator[Station]:
    """With a device of the family plugged in."""
    known = FAMILIES[family]
    serial = known.serial(next(_numbers))
    station = Station(emulator, known, f"{family}:{serial}", serial)
    emulator.do("plug", station.name)
    yield station
    emulator.do("unplug", station.name)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["mute", "stall"])
def test_silence_and_refusal_end_a_write_with_a_reason_and_the_next_one_is_whole(
    emulator: Emulator, station: Station, kind: str
) -> None:
    emulator.do(kind, station.name, 3)
    with pytest.raises(DeviceError) as failure:
        station.write()
    assert failure.value.problem().code in _REASONS
    station.replug()
    assert station.write()


def _form(family: Family) -> CredentialForm:
    (profile,) = [profile for profile in load_profiles() if profile.name == family.profile]
    otp_type = OtpType.TOTP if OtpType.TOTP in profile.limits.otp_types else OtpType.HOTP
    digits, period_s = family.wanted
    return CredentialForm(otp_type, Algorithm.SHA1, digits, period_s if otp_type is OtpType.TOTP else 0, 20)
